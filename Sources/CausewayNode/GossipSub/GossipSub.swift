public import CausewayConnection
public import CausewayIdentity

/// Publish and subscribe over a mesh of neighbours for each topic, with gossip of message ids to others (gossipsub-v1.0.md, v1.1.md, and
/// natively v1.2.md; scoring and peer exchange are not used, extensions of v1.3.md are skipped).
///
/// Each side opens one stream to the other and sends on that stream only. A message is verified once and framed once, and every neighbour
/// gets the same bytes. For a topic that this node has neither joined nor published to, it stores only the name with the peer that
/// subscribed.
public final class GossipSub: NodeProtocol, TopicPublishing {
    /// The protocols that we speak, the preferred one first. A page does without IDONTWANT (1.2): it has few neighbours.
    #if hasFeature(Embedded)
        static let protocolIDs = [[UInt8](utf8: "/meshsub/1.1.0"), [UInt8](utf8: "/meshsub/1.0.0")]
    #else
        static let protocolIDs = [
            [UInt8](utf8: "/meshsub/1.2.0"), [UInt8](utf8: "/meshsub/1.1.0"), [UInt8](utf8: "/meshsub/1.0.0"),
        ]
    #endif

    public let configuration: GossipSubConfiguration
    var nextHeartbeat = Instant.distantFuture
    public var nextDeadline: Instant {
        guard waiting.isEmpty else { return Instant(nanoseconds: 0) }
        #if hasFeature(Embedded)
            return nextHeartbeat
        #else
            return min(nextHeartbeat, unjudged.first?.deadline ?? .distantFuture)
        #endif
    }

    /// In the order in which they appeared.
    var peers = Roster()
    var peersByID = BytesTable<GossipPeer>()
    var peersByStream = Table<UInt64, GossipPeer>()
    var lastPeer: UInt64 = 0
    /// In the order in which the connections were opened.
    var topics: [GossipTopic] = []
    var topicsByName = BytesTable<GossipTopic>()
    let seen: SeenCache
    let cache: MessageCache
    let authors: AuthorKeys
    /// Ids of messages by authors whose keys we cannot use. We do not request them again.
    let unverifiable: SeenCache
    #if !hasFeature(Embedded)
        var replays: ReplayGuard
        let computed: ComputedIDs
        /// What neighbours do not want: the peer's number and the message's id.
        let dontWant: SeenCache
        /// Messages that wait for the application's verdict, the oldest first. One that was judged stays until it is the first.
        var unjudged = FIFO<UnjudgedMessage>()
        var unjudgedByNumber = Table<UInt32, UnjudgedMessage>()
        var unjudgedBytes = 0
        var lastUnjudged: UInt32 = 0
        var carriedCount = 0
        /// What became of messages that the application judges.
        public internal(set) var verdicts = VerdictCounts()
    #endif
    /// Bytes of all neighbours' RPCs that are unfinished or wait to be processed.
    var heldBytes = 0
    /// The streams with work left for the next turn, in order.
    var waiting = FIFO<GossipInbound>()
    /// The rest of this turn's budget. Below 0: the last piece was larger than what was left.
    var turn: Int
    private var sequence: UInt64 = 0

    public init(_ configuration: GossipSubConfiguration = GossipSubConfiguration()) {
        self.configuration = configuration
        seen = SeenCache(lifetime: configuration.parameters.seenLifetime, limit: configuration.limits.seen)
        unverifiable = SeenCache(lifetime: configuration.parameters.seenLifetime, limit: configuration.limits.unverifiable)
        #if !hasFeature(Embedded)
            replays = ReplayGuard(limit: configuration.limits.sequenceNumbers)
            computed = ComputedIDs(
                configuration.messageID, lifetime: configuration.parameters.seenLifetime, limits: configuration.limits)
            let heartbeat = configuration.parameters.heartbeatInterval.nanoseconds
            dontWant = SeenCache(
                lifetime: Interval(nanoseconds: UInt64(Self.dontWantAge) * heartbeat), limit: configuration.limits.dontWant)
        #endif
        authors = AuthorKeys(limit: configuration.limits.authorKeys)
        turn = configuration.limits.workPerTurn
        // A message of the full size stays long enough to be asked for.
        let room = max(configuration.limits.cachedBytes, 2 * configuration.limits.rpc)
        cache = MessageCache(history: configuration.parameters.history, limit: room)
    }

    /// A neighbour and its stream refer to each other, and would otherwise outlive the node.
    deinit { for peer in peers { peer.inbound = nil } }

    /// Those of `protocolIDs` that the configuration allows.
    var spoken: [[UInt8]] {
        #if hasFeature(Embedded)
            return Self.protocolIDs
        #else
            return configuration.parameters.dontWantSize == nil ? [[UInt8]](Self.protocolIDs.dropFirst()) : Self.protocolIDs
        #endif
    }

    public var served: [ProtocolTable.Entry] {
        var entries: [ProtocolTable.Entry] = []
        for name in spoken {
            entries.append(ProtocolTable.Entry(name: name, owner: .node, allowsLimited: configuration.allowsLimited))
        }
        return entries
    }

    public func advance(in node: NodeContext) {
        #if !hasFeature(Embedded)
            passOverdue(in: node)
        #endif
        if node.now >= nextHeartbeat { heartbeat(in: node) }
        workOffWaiting(in: node)
    }

    /// Starts the heartbeat if it is stopped.
    @inline(never)
    func wake(in node: NodeContext) {
        if nextHeartbeat == .distantFuture { nextHeartbeat = node.now + configuration.parameters.firstHeartbeat }
    }

    @inline(never)
    func count(_ fault: PeerBehaviour.Fault, of peer: GossipPeer, in node: NodeContext) {
        peer.behaviour.add(fault, limit: configuration.limits.faults)
        wake(in: node)
    }

    func isIgnored(_ peer: GossipPeer) -> Bool { peer.behaviour.faults >= configuration.limits.faults }
}

// MARK: Topics

extension GossipSub {
    /// Joins a topic for the application, which gets its messages by `NodeEvent.message`. Returns false if the name is empty or too long.
    ///
    /// - Parameter refusesReplays: Drop an author's message if it comes again within an hour, or after one that the author sent later.
    ///   Otherwise the node recognises duplicates for two minutes.
    @discardableResult
    public func subscribe(_ name: [UInt8], refusesReplays: Bool = false, in node: NodeContext) -> Bool {
        guard isTopicName(name) else { return false }
        let topic = topic(name)
        #if !hasFeature(Embedded)
            release(topic)
        #endif
        let wasJoined = topic.isJoined
        topic.isSubscribed = true
        if refusesReplays, configuration.signed { topic.refusesReplays = true }
        if !wasJoined { join(topic, telling: peers, in: node) }
        return true
    }

    /// Leaves the topic for the application. A protocol of the node may stay in it.
    public func unsubscribe(_ name: [UInt8], in node: NodeContext) {
        guard let topic = topicsByName[name], topic.isSubscribed else { return }
        topic.isSubscribed = false
        topic.refusesReplays = topic.listener != nil && configuration.signed
        guard !topic.isJoined else { return }
        leave(topic, telling: peers, in: node)
        #if !hasFeature(Embedded)
            if let heir = topic.subscribers.first { carry(name, for: heir, in: node) }
        #endif
    }

    @discardableResult
    public func listen(to name: [UInt8], _ listener: any TopicListening, in node: NodeContext) -> Bool {
        guard isTopicName(name) else { return false }
        let topic = topic(name)
        #if !hasFeature(Embedded)
            release(topic)
        #endif
        let wasJoined = topic.isJoined
        topic.listener = listener
        // An old announcement of addresses could be replayed to advantage, and only the newest counts.
        topic.refusesReplays = configuration.signed
        if !wasJoined { join(topic, telling: peers, in: node) }
        return true
    }

    /// The topic's mesh, in the order of joining. Empty if the topic is not joined.
    public func mesh(_ name: [UInt8]) -> [PeerID] {
        var ids: [PeerID] = []
        if let topic = topicsByName[name] { for peer in topic.mesh { ids.append(peer.peer) } }
        return ids
    }

    /// The connected peers that are known to subscribe, in the order in which they appeared.
    public func subscribers(_ name: [UInt8]) -> [PeerID] {
        var ids: [PeerID] = []
        for peer in peers where peer.subscribes(to: name) { ids.append(peer.peer) }
        return ids
    }

    /// In the order in which the connections were opened.
    public var joinedTopics: [[UInt8]] { topics.filter { $0.isJoined }.map { $0.name } }

    public func subscriberCount(of name: [UInt8]) -> Int {
        var count = 0
        for peer in peers where peer.isReachable && peer.subscribes(to: name) { count += 1 }
        return count
    }

    /// nil: this node has not joined it.
    @inline(never)
    func joined(_ name: [UInt8]) -> GossipTopic? {
        guard let topic = topicsByName[name], topic.isJoined else { return nil }
        return topic
    }

    func isTopicName(_ name: [UInt8]) -> Bool { !name.isEmpty && name.count <= configuration.limits.topicName }

    func topic(_ name: [UInt8]) -> GossipTopic {
        if let topic = topicsByName[name] { return topic }
        let topic = GossipTopic(name: name)
        for peer in peers where peer.subscribes(to: name) { topic.subscribers.append(peer) }
        topics.append(topic)
        topicsByName[name] = topic
        return topic
    }

    func join(_ topic: GossipTopic, telling audience: Roster, in node: NodeContext) {
        announce(topic, subscribe: true, to: audience, in: node)
        let heirs = topic.fanout
        topic.fanout = []
        topic.fanoutEnds = Instant(nanoseconds: 0)
        for peer in heirs where mayGraft(peer, into: topic, now: node.now) { graft(peer, into: topic, in: node) }
        fill(topic, to: configuration.parameters.meshSize, in: node)
        if let listener = topic.listener {
            for peer in topic.subscribers where peer.isReachable { listener.subscriberAppeared(peer.peer, on: topic.name, in: node) }
        }
        wake(in: node)
    }

    func leave(_ topic: GossipTopic, telling audience: Roster, in node: NodeContext) {
        announce(topic, subscribe: false, to: audience, in: node)
        for peer in topic.mesh { prune(peer, from: topic, backoff: configuration.parameters.unsubscribeBackoff, in: node) }
    }

    private func announce(_ topic: GossipTopic, subscribe: Bool, to audience: Roster, in node: NodeContext) {
        let frame = GossipCodec.subscriptions([topic.name], subscribe: subscribe)
        for peer in audience { send(frame, to: peer, in: node) }
    }

    func send(_ frame: [UInt8], to peer: GossipPeer, droppable: Bool = false, in node: NodeContext) {
        if let stream = peer.outbound { node.send(frame, on: stream, droppable: droppable) }
    }
}

// MARK: Publishing

extension GossipSub {
    /// Answers at once by `.published` or `.notPublished`. The node's own messages do not come back as events.
    public func publish(request: UInt32, topic: [UInt8], data: [UInt8], in node: NodeContext) {
        do throws(PublishError) {
            node.answer(request, .published(peers: try publish(data, on: topic, in: node)))
        } catch {
            node.answer(request, .notPublished(error))
        }
    }

    @discardableResult
    public func publish(_ data: [UInt8], on name: [UInt8], in node: NodeContext) throws(PublishError) -> Int {
        guard isTopicName(name) else { throw .badTopic }
        guard data.count <= configuration.limits.message else { throw .tooLarge(limit: configuration.limits.message) }
        let topic = topic(name)
        if !topic.isJoined { topic.fanoutEnds = node.now + configuration.parameters.fanoutLifetime }
        wake(in: node)
        let recipients = recipients(of: topic, in: node)
        if recipients.isEmpty, configuration.requireSubscribers { throw .noSubscribers }
        let message = try message(data, on: topic, in: node)
        note(message, now: node.now)
        cache.insert(message)
        for peer in recipients { send(message.frame, to: peer, droppable: true, in: node) }
        return recipients.count
    }

    /// An empty or thin mesh is filled with known subscribers, so that nobody has to wait for a heartbeat.
    private func recipients(of topic: GossipTopic, in node: NodeContext) -> [GossipPeer] {
        if configuration.floodPublish {
            var reachable: [GossipPeer] = []
            for peer in topic.subscribers where peer.isReachable { reachable.append(peer) }
            return reachable
        }
        guard topic.isJoined else {
            fillFanout(of: topic, in: node)
            return topic.fanout
        }
        guard topic.mesh.count < configuration.parameters.meshLow else { return topic.mesh }
        let missing = configuration.parameters.meshSize - topic.mesh.count
        return topic.mesh + pick(missing, of: topic.subscribers, in: node) { $0.isReachable && !topic.hasInMesh($0) }
    }

    private func message(_ data: [UInt8], on topic: GossipTopic, in node: NodeContext) throws(PublishError) -> CachedMessage {
        var author: PeerID?
        var number: [UInt8] = []
        var key: [UInt8] = []
        var signature: [UInt8] = []
        if configuration.signed {
            author = node.peerID
            // The number grows within a run, and across restarts as long as the clock does: peers drop messages whose number does not grow.
            sequence = max(sequence &+ 1, node.unixNanoseconds)
            var rest = sequence.bigEndian
            for _ in 0..<MessageID.sequenceLength {
                number.append(UInt8(truncatingIfNeeded: rest))
                rest >>= 8
            }
            if node.peerID.inlinedKey == nil { key = node.identity.publicKey.protobuf }
        }
        let signed = MessageCodec.signedBytes(from: author?.bytes ?? [], data: data, sequence: number, topic: topic.name)
        if configuration.signed {
            guard let own = try? node.identity.sign(signed) else { throw .off }
            signature = own
        }
        let frame = MessageCodec.frame(signed: signed, signature: signature, key: key)
        let message = GossipMessage(
            author: author, receivedFrom: node.peerID, topic: topic.name, data: data, sequenceNumber: number)
        let id = author.map { $0.bytes + number } ?? unsignedID(of: message)
        return cached(message, id: id, key: key, frame: frame)
    }
}
