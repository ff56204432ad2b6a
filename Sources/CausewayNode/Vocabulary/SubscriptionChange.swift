public import CausewayIdentity

/// A gossip neighbour subscribed to a topic, or unsubscribed from it.
public struct SubscriptionChange: Equatable, Sendable {
    public let peer: PeerID
    public let topicUTF8: [UInt8]
    public let isSubscribed: Bool

    public var topic: String { String(decoding: topicUTF8, as: UTF8.self) }

    public init(peer: PeerID, topic: [UInt8], isSubscribed: Bool) {
        self.peer = peer
        topicUTF8 = topic
        self.isSubscribed = isSubscribed
    }
}
