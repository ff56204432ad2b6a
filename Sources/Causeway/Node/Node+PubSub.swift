import CausewayNode

extension Node {
    /// Joins a topic and gives its messages from now on; own messages are not among them. The topic is left when the last subscription to
    /// it ends.
    ///
    /// A message is known again for two minutes; who kept it may then send it once more, its author's signature still good. With
    /// `refusesReplays` an author's message is dropped if it comes again within an hour, or behind one that the author sent later (as by
    /// go-libp2p's BasicSeqnoValidator; of authors with random sequence numbers, js-libp2p until 2026, no message is lost). It holds for
    /// the topic until it is left. Discovery always does so.
    public func subscribe(
        _ topic: String, backlog: Int? = nil, refusesReplays: Bool = false
    ) async throws(NodeError) -> Subscription {
        guard let pubSub = configuration.pubSub else { throw .publish(.off) }
        try await ready()
        let (subscription, isFirst) = feeds.subscribe(topic, capacity: backlog ?? pubSub.backlog) { [weak self] in
            self?.leave(topic)
        }
        if isFirst || refusesReplays {
            await onNode { node, now in node.subscribe(Array(topic.utf8), refusesReplays: refusesReplays, now: now) }
        }
        return subscription
    }

    private func leave(_ topic: String) {
        tell { [feeds] node, now in
            if !feeds.isSubscribed(topic) { node.unsubscribe(Array(topic.utf8), now: now) }
        }
    }

    /// Publishes to a topic, subscribed or not, and says to how many peers the message went at once.
    @discardableResult
    public func publish(_ data: [UInt8], to topic: String) async throws(NodeError) -> Int {
        let answer = try await request { node, request, now in
            node.publish(request: request, topic: Array(topic.utf8), data: data, now: now)
        }
        switch answer {
        case .published(let peers): return peers
        case .notPublished(let error): throw .publish(error)
        default: throw .cancelled
        }
    }

    @discardableResult
    public func publish(_ text: String, to topic: String) async throws(NodeError) -> Int {
        try await publish(Array(text.utf8), to: topic)
    }

    /// The peers in this node's mesh of a topic.
    public func mesh(of topic: String) async -> [PeerID] { await onNode { node, _ in node.mesh(Array(topic.utf8)) } }

    /// The peers known to subscribe to a topic.
    public func subscribers(of topic: String) async -> [PeerID] { await onNode { node, _ in node.subscribers(Array(topic.utf8)) } }
}
