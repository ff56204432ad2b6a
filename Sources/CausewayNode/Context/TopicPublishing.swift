public import CausewayIdentity

/// What a protocol that uses topics (discovery) needs from the node's gossip, without knowing it: `NodeContext.topics`.
public protocol TopicPublishing: AnyObject {
    /// Joins the topic for a protocol, whether or not the application has joined it, too. A topic has one listener. Returns false if the
    /// name is empty or too long.
    @discardableResult
    func listen(to topic: [UInt8], _ listener: any TopicListening, in node: NodeContext) -> Bool
    /// The number of connected peers that are known to subscribe and can be sent to.
    func subscriberCount(of topic: [UInt8]) -> Int
    /// Publishes a message. Returns the number of peers to which it was sent at once.
    @discardableResult
    func publish(_ data: [UInt8], on topic: [UInt8], in node: NodeContext) throws(PublishError) -> Int
}

/// What gossip reports to the protocol that listens to a topic.
public protocol TopicListening: AnyObject {
    /// A message of another peer arrived. Each is reported once, and in a signed mesh its signature is verified.
    func messageReceived(_ message: GossipMessage, in node: NodeContext)
    /// A peer subscribed, and from now on can be sent to.
    func subscriberAppeared(_ peer: PeerID, on topic: [UInt8], in node: NodeContext)
}
