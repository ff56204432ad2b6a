import CausewayConnection
public import CausewayIdentity

/// Discovers peers by their announcements on topics, and announces this node (js-libp2p's pubsub-peer-discovery, and the same in JSON).
///
/// Uses `NodeContext.topics`, and starts at its first `advance`. It announces this node at once when the first subscriber is known and when
/// the node's addresses change, and then regularly. In a signed mesh, it believes an announcement only from the peer that it is about. The
/// application is told of each peer once, and again when its addresses have changed or its last connection has closed.
public final class PubsubDiscovery: NodeProtocol, TopicListening {
    private final class Channel {
        let topic: DiscoveryTopic
        var next = Instant.distantFuture
        var last: Instant?

        init(_ topic: DiscoveryTopic) { self.topic = topic }

        /// Announces sooner than planned, but not sooner than `gap` after the last time.
        func hasten(gap: Interval, now: Instant) {
            guard !topic.listenOnly else { return }
            var soonest = now
            if let last { soonest = max(now, last + gap) }
            next = min(next, soonest)
        }
    }

    /// The time between two announcements when addresses change often.
    static let shortestGap = Interval.milliseconds(250)

    private var channels: [Channel] = []
    #if !hasFeature(Embedded)
        /// The peers that are being dialled because they announced themselves.
        var followed = FollowedPeers()
    #endif
    private var hasStarted = false
    /// The addresses of each peer that the application was told of last.
    private var told = BytesTable<[UInt8]>()

    public init(_ topics: [DiscoveryTopic]) { for topic in topics { channels.append(Channel(topic)) } }

    public var nextDeadline: Instant {
        var soonest = hasStarted ? Instant.distantFuture : Instant(nanoseconds: 0)
        for channel in channels { soonest = min(soonest, channel.next) }
        return soonest
    }

    public func advance(in node: NodeContext) {
        if !hasStarted { start(in: node) }
        for channel in channels where channel.next <= node.now { announce(on: channel, in: node) }
    }

    public func addressesChanged(in node: NodeContext) {
        for channel in channels { channel.hasten(gap: Self.shortestGap, now: node.now) }
    }

    /// Many subscribers may appear at once, and each announcement reaches all of them. So a quarter of the interval passes between two
    /// announcements.
    public func subscriberAppeared(_ peer: PeerID, on topic: [UInt8], in node: NodeContext) {
        for channel in channels where channel.topic.name == topic {
            channel.hasten(gap: Interval(nanoseconds: channel.topic.interval.nanoseconds / 4), now: node.now)
        }
    }

    /// A peer that was lost is told of again when it announces itself again.
    public func linkClosed(_ link: ConnectedLink, in node: NodeContext) {
        if !node.connections.isConnected(link.peer) { told[link.peer.bytes] = nil }
    }

    private func start(in node: NodeContext) {
        hasStarted = true
        for channel in channels {
            guard let gossip = node.topics, gossip.listen(to: channel.topic.name, self, in: node) else { continue }
            channel.hasten(gap: .seconds(0), now: node.now)
        }
    }

    private func announce(on channel: Channel, in node: NodeContext) {
        channel.next = node.now + max(channel.topic.interval, .milliseconds(10))
        guard let gossip = node.topics, gossip.subscriberCount(of: channel.topic.name) > 0 else { return }
        channel.last = node.now
        let addresses = node.addresses.advertised(for: .discovery)
        let bytes =
            switch channel.topic.form {
            case .protobuf: Announcement.protobuf(node.identity.publicKey, addresses)
            case .json: Announcement.json(node.peerID, addresses)
            }
        // There is no subscriber, or the announcement is too large for an RPC. The next one may succeed.
        _ = try? gossip.publish(bytes, on: channel.topic.name, in: node)
    }

    public func messageReceived(_ message: GossipMessage, in node: NodeContext) {
        for channel in channels where channel.topic.name == message.topicUTF8 {
            let limit = node.limits.addressesPerPeer
            let heard: Announcement?
            switch channel.topic.form {
            case .protobuf: heard = try? Announcement(protobuf: message.data, limit: limit)
            case .json: heard = try? Announcement(json: message.data, limit: limit)
            }
            guard let heard, heard.peer != node.peerID, heard.peer == message.author ?? heard.peer else { continue }
            node.peers.add(heard.addresses, of: heard.peer, now: node.now)
            if isNews(heard, in: node) {
                let source: DiscoverySource = channel.topic.form == .json ? .pubsubJSON : .pubsubProtobuf
                node.emit(.discovered(heard.peer, addresses: heard.addresses, source: source))
            }
            #if !hasFeature(Embedded)
                if channel.topic.dials {
                    followed.follow(heard.peer, at: heard.addresses, from: message.receivedFrom, for: self, in: node)
                }
            #endif
        }
    }

    /// Whether the peer is new to the application, or its addresses are. Remotes choose how many peers there are, so all are forgotten when
    /// they are as many as the node remembers, and told of once more.
    private func isNews(_ heard: Announcement, in node: NodeContext) -> Bool {
        var addresses: [UInt8] = []
        for address in heard.addresses { addresses += address.bytes }
        guard told[heard.peer.bytes] != addresses else { return false }
        if told.count >= node.limits.storedPeers { told = BytesTable() }
        told[heard.peer.bytes] = addresses
        return true
    }
}
