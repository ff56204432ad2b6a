/// A message of a topic.
public struct Message: Sendable, Equatable {
    /// The author, proven by signature; nil in an unsigned mesh.
    public let author: PeerID?
    /// The neighbour that it came from.
    public let receivedFrom: PeerID
    public let topic: String
    public let data: [UInt8]
    /// The author's counter, 8 bytes big-endian; empty in an unsigned mesh.
    public let sequenceNumber: [UInt8]

    /// The data as UTF-8, with replacement characters where it is none.
    public var text: String { String(decoding: data, as: UTF8.self) }
}

/// The messages of one topic, from the call on. The topic is left when the last of its subscriptions ended or was let go.
public typealias Subscription = Feed<Message>
