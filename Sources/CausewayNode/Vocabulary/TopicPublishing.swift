public import CausewayIdentity

/// What a protocol that talks over topics (discovery) asks of the node's gossip, without knowing it: `NodeState.topics`.
public protocol TopicPublishing: AnyObject {
    /// Joins the topic for a protocol, whether or not the application joined it too. One listener a topic. False: the name is empty or too
    /// long.
    @discardableResult
    func listen(to topic: [UInt8], _ listener: any TopicListening, in node: NodeState) -> Bool
    /// How many connected peers are known to subscribe and can be sent to.
    func subscriberCount(of topic: [UInt8]) -> Int
    /// To how many peers the message went at once.
    @discardableResult
    func publish(_ data: [UInt8], on topic: [UInt8], in node: NodeState) throws(PublishError) -> Int
}

/// What gossip tells the protocol that listens to a topic.
public protocol TopicListening: AnyObject {
    /// A message of another peer's, once, its signature verified if the mesh is signed.
    func messageReceived(_ message: GossipMessage, in node: NodeState)
    /// A peer subscribed that can be sent to from now on.
    func subscriberAppeared(_ peer: PeerID, on topic: [UInt8], in node: NodeState)
}
