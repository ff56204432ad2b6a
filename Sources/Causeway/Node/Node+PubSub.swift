import CausewayNode

extension Node {
    /// Subscribes to a topic and returns its messages from now on, without the node's own. The node leaves the topic when its last
    /// subscription ends.
    ///
    /// The node recognises duplicates of a message for two minutes. After that, a peer that kept a message can send it again, and the
    /// author's signature is still valid. With `refusesReplays`, the node drops a message that comes again within an hour, or that comes
    /// after a message which the same author sent later (as go-libp2p's BasicSeqnoValidator does). Authors with random sequence numbers
    /// (js-libp2p until 2026) lose no message. The setting applies to the topic until the node leaves it. Discovery always refuses replays.
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

    /// Publishes to a topic, whether subscribed or not. Returns the number of peers to which the message was sent at once. Throws
    /// `.publish(.noSubscribers)` if no connected peer is known to subscribe, unless `Configuration.PubSub` allows that.
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

    /// The peers in this node's mesh for a topic.
    public func mesh(of topic: String) async -> [PeerID] { await onNode { node, _ in node.mesh(Array(topic.utf8)) } }

    /// The connected peers that are known to subscribe to a topic.
    public func subscribers(of topic: String) async -> [PeerID] { await onNode { node, _ in node.subscribers(Array(topic.utf8)) } }
}
