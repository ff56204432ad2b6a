public import CausewayIdentity

public final class GossipSub: NodeProtocol, TopicPublishing {
    public let configuration: GossipSubConfiguration

    public init(_ configuration: GossipSubConfiguration = GossipSubConfiguration()) { self.configuration = configuration }

    /// Joins a topic for the application: its messages come as `NodeEvent.message`. False: the name is empty or too long.
    @discardableResult
    public func subscribe(_ topic: [UInt8], in node: NodeState) -> Bool { true }
    public func unsubscribe(_ topic: [UInt8], in node: NodeState) {}
    /// Answered at once by `.published` or `.notPublished`. Own messages do not come back as events.
    public func publish(request: UInt32, topic: [UInt8], data: [UInt8], in node: NodeState) {
        do throws(PublishError) {
            node.answer(request, .published(peers: try publish(data, on: topic, in: node)))
        } catch {
            node.answer(request, .notPublished(error))
        }
    }
    /// The topic's mesh, in the order of joining.
    public func mesh(_ topic: [UInt8]) -> [PeerID] { [] }
    /// The connected peers that are known to subscribe.
    public func subscribers(_ topic: [UInt8]) -> [PeerID] { [] }

    public func listen(to topic: [UInt8], _ listener: any TopicListening, in node: NodeState) -> Bool { true }
    public func subscriberCount(of topic: [UInt8]) -> Int { 0 }
    public func publish(_ data: [UInt8], on topic: [UInt8], in node: NodeState) throws(PublishError) -> Int { 0 }
}
