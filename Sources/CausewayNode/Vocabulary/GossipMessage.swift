public import CausewayIdentity

/// A message published to a topic.
public struct GossipMessage: Equatable, Sendable {
    /// The author, from the signed message. nil: the mesh is unsigned.
    public let author: PeerID?
    /// The neighbour that sent the message to this node.
    public let receivedFrom: PeerID
    public let topicUTF8: [UInt8]
    public let data: [UInt8]
    /// The author's counter, 8 bytes, big-endian. Empty: the mesh is unsigned.
    public let sequenceNumber: [UInt8]

    public var topic: String { String(decoding: topicUTF8, as: UTF8.self) }
    /// The data as UTF-8 text. Invalid bytes become replacement characters.
    public var text: String { String(decoding: data, as: UTF8.self) }

    public init(author: PeerID?, receivedFrom: PeerID, topic: [UInt8], data: [UInt8], sequenceNumber: [UInt8]) {
        self.author = author
        self.receivedFrom = receivedFrom
        topicUTF8 = topic
        self.data = data
        self.sequenceNumber = sequenceNumber
    }
}
