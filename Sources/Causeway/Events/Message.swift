/// A message published to a topic.
public struct Message: Sendable, Equatable {
    /// The author, proven by the signature. nil: the mesh is unsigned.
    public let author: PeerID?
    /// The neighbour that sent the message to this node.
    public let receivedFrom: PeerID
    public let topic: String
    public let data: [UInt8]
    /// The author's counter, 8 bytes, big-endian. Empty: the mesh is unsigned.
    public let sequenceNumber: [UInt8]

    /// The data as UTF-8 text. Invalid bytes become replacement characters.
    public var text: String { String(decoding: data, as: UTF8.self) }
}

/// The messages of one topic, from the call on. The node leaves the topic when the last subscription to it has ended or was released.
public typealias Subscription = Feed<Message>
