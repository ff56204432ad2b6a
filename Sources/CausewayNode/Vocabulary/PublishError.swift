/// Why a message was not sent.
public enum PublishError: Error, Equatable, Sendable {
    /// The message is larger than the limit, in bytes.
    case tooLarge(limit: Int)
    /// No known peer is subscribed, and the configuration requires one.
    case noSubscribers
    /// The topic's name is empty or too long.
    case badTopic
    /// GossipSub is switched off in this node.
    case off
}
