import CausewayConnection
import CausewayIdentity

@testable import CausewayNode

/// One node of a scripted network: its state, its gossip, and perhaps discovery.
final class GossipHost {
    let index: Int
    let key: PrivateKey
    let state: NodeContext
    let gossip: GossipSub
    let discovery: PubsubDiscovery?
    /// What its identify says that it speaks.
    var protocols = GossipSub.protocolIDs
    /// What it sent on streams of links that lead to no host: the network's ends that a test plays itself.
    var sent: [(stream: StreamKey, bytes: [UInt8])] = []
    var resets: [StreamKey] = []
    var opened: [StreamKey] = []
    var finishedStreams: [StreamKey] = []
    var events: [NodeEvent] = []
    private var lastLink: UInt32 = 1
    private var undrained: [NodeOutput] = []

    init(_ index: Int, _ configuration: GossipSubConfiguration = GossipSubConfiguration(), discovery topics: [DiscoveryTopic] = []) {
        self.index = index
        key = Self.key(index)
        state = NodeContext(
            identity: key, limits: NodeLimits(), seed: UInt64(index) + 1, unixEpoch: 1_800_000_000_000_000_000, now: Instant(nanoseconds: 0)
        )
        gossip = GossipSub(configuration)
        discovery = topics.isEmpty ? nil : PubsubDiscovery(topics)
        state.topics = gossip
    }

    static func key(_ index: Int) -> PrivateKey {
        let seed = [UInt8](repeating: UInt8(truncatingIfNeeded: index), count: 31) + [UInt8(truncatingIfNeeded: index >> 8)]
        guard let key = try? PrivateKey(ed25519Seed: seed) else { fatalError("a seed of 32 bytes is a key") }
        return key
    }

    var peer: PeerID { state.peerID }

    /// A closed connection to a host.
    static func lost(_ host: GossipHost) -> ConnectedLink {
        guard let address = try? Multiaddr("/ip4/192.0.2.1/tcp/4001") else { fatalError("an address") }
        return ConnectedLink(
            id: 0, peer: host.peer, publicKey: host.key.publicKey, remoteAddress: address, localAddress: address, isInbound: true,
            path: .direct(.tcp), openedAt: Instant(nanoseconds: 0), carrier: nil)
    }
    var messages: [GossipMessage] {
        events.compactMap {
            guard case .message(let message) = $0 else { return nil }
            return message
        }
    }

    /// What neighbours said of topics: the topic, and whether they are in it.
    var subscriptionChanges: [SubscriptionChange] {
        events.compactMap {
            guard case .happened(.subscriptionChanged(let change)) = $0 else { return nil }
            return change
        }
    }

    /// A connection to `peer`, whose identify names `protocols`. Returns its link.
    @discardableResult
    func addLink(
        to peer: PublicKey, inbound: Bool = true, relayed: Bool = false, limit: CircuitLimit? = nil, agent: String = "go-libp2p",
        protocols: [[UInt8]] = GossipSub.protocolIDs
    ) -> UInt32 {
        lastLink += 2
        guard let address = try? Multiaddr("/ip4/192.0.2.1/tcp/4001") else { fatalError("an address") }
        let link = ConnectedLink(
            id: lastLink, peer: peer.peerID, publicKey: peer, remoteAddress: address, localAddress: address, isInbound: inbound,
            path: relayed ? .relayed(by: peer.peerID, limit: limit) : .direct(.tcp), openedAt: state.now, carrier: nil)
        state.connections.insert(link)
        gossip.linkOpened(link, in: state)
        state.peers.describe(PeerDescription(peer: peer.peerID, agent: [UInt8](agent.utf8), protocolIDs: protocols))
        gossip.identified(peer.peerID, on: link, in: state)
        return link.id
    }

    func advance() {
        if gossip.nextDeadline <= state.now { gossip.advance(in: state) }
        if let discovery, discovery.nextDeadline <= state.now { discovery.advance(in: state) }
    }

    /// Turns until nothing that came waits.
    func workOff() { while !gossip.waiting.isEmpty { gossip.advance(in: state) } }

    var nextDeadline: Instant { min(gossip.nextDeadline, discovery?.nextDeadline ?? .distantFuture) }

    /// What the protocols wanted done since the last `drain`.
    var outputs: [NodeOutput] {
        while let output = state.outbox.poll() { undrained.append(output) }
        return undrained
    }

    func drain() -> [NodeOutput] {
        defer { undrained = [] }
        return outputs
    }
}

/// Hosts, connections that deliver at once and in order, and a clock.
final class GossipNetwork {
    private struct End: Hashable {
        let host: Int
        let link: UInt32
        let stream: UInt32
    }

    let hosts: [GossipHost]
    private(set) var now = Instant(nanoseconds: 0)
    /// Which frames get lost.
    var loses: (_ from: GossipHost, _ to: GossipHost, _ bytes: [UInt8], _ droppable: Bool) -> Bool = { _, _, _, _ in false }
    /// Everything that was delivered, for comparisons of two runs.
    private(set) var trace: [UInt8] = []
    private(set) var deliveries = 0
    private var wires: [[UInt32: (host: Int, link: UInt32)]]
    private var ends: [End: End] = [:]
    private var lastInbound: UInt32 = 0

    init(_ hosts: [GossipHost]) {
        self.hosts = hosts
        wires = hosts.map { _ in [:] }
    }

    convenience init(
        _ count: Int, _ configuration: GossipSubConfiguration = GossipSubConfiguration(), subscribed topic: [UInt8]? = nil,
        connected: Bool = true
    ) {
        self.init((0..<count).map { GossipHost($0, configuration) })
        if let topic { for host in hosts { host.gossip.subscribe(topic, in: host.state) } }
        guard connected else { return }
        for a in 0..<count { for b in 0..<a { connect(a, b) } }
    }

    /// `a` dials `b`.
    func connect(
        _ a: Int, _ b: Int, relayed: Bool = false, limit: CircuitLimit? = nil, agents: (String, String) = ("go-libp2p", "go-libp2p")
    ) {
        let near = hosts[a].addLink(
            to: hosts[b].key.publicKey, inbound: false, relayed: relayed, limit: limit, agent: agents.1, protocols: hosts[b].protocols)
        let far = hosts[b].addLink(
            to: hosts[a].key.publicKey, inbound: true, relayed: relayed, limit: limit, agent: agents.0, protocols: hosts[a].protocols)
        wires[a][near] = (b, far)
        wires[b][far] = (a, near)
        settle()
    }

    func disconnect(_ a: Int, _ b: Int) {
        for (near, far) in wires[a] where far.host == b {
            wires[a][near] = nil
            wires[b][far.link] = nil
            close(near, of: a)
            close(far.link, of: b)
        }
        settle()
    }

    private func close(_ link: UInt32, of index: Int) {
        let host = hosts[index]
        for end in ends.keys.filter({ $0.host == index && $0.link == link }).sorted(by: { $0.stream < $1.stream }) {
            ends[end] = nil
            host.gossip.closed(
                StreamKey(link: link, stream: end.stream), error: .connection(.closed(.application)), in: host.state)
        }
        if let old = host.state.connections.remove(link) { host.gossip.linkClosed(old, in: host.state) }
    }

    /// Carries what there is to carry until nobody has anything to say.
    func settle() {
        var busy = true
        while busy {
            busy = false
            for host in hosts {
                host.workOff()
                for output in host.drain() {
                    busy = true
                    carry(output, from: host)
                }
            }
        }
    }

    func run(_ time: Interval) {
        let end = now + time
        settle()
        while true {
            let next = hosts.map { $0.nextDeadline }.min() ?? .distantFuture
            guard next <= end else { break }
            now = max(now, next)
            for host in hosts {
                host.state.now = now
                host.advance()
            }
            settle()
        }
        now = end
        for host in hosts { host.state.now = now }
    }

    private func carry(_ output: NodeOutput, from host: GossipHost) {
        switch output {
        case .event(let event): host.events.append(event)
        case .link(let link, let command): carry(command, on: link, from: host)
        default: break
        }
    }

    private func carry(_ command: LinkCommand, on link: UInt32, from host: GossipHost) {
        let wire = wires[host.index][link]
        switch command {
        case .openStream(let stream, let protocolIDs, _):
            let near = StreamKey(link: link, stream: stream)
            host.opened.append(near)
            guard let wire else { return }
            lastInbound += 1
            let end = End(host: host.index, link: link, stream: stream)
            let far = End(host: wire.host, link: wire.link, stream: lastInbound)
            ends[end] = far
            ends[far] = end
            hosts[wire.host].gossip.streamOpened(
                StreamKey(link: far.link, stream: far.stream), protocolID: protocolIDs[0], in: hosts[wire.host].state)
            host.gossip.streamReady(near, protocolID: protocolIDs[0], in: host.state)
        case .send(let stream, let bytes, let droppable):
            host.sent.append((StreamKey(link: link, stream: stream), bytes))
            guard let far = ends[End(host: host.index, link: link, stream: stream)] else { return }
            let remote = hosts[far.host]
            if loses(host, remote, bytes, droppable) { return }
            deliveries += 1
            trace += [UInt8(truncatingIfNeeded: host.index), UInt8(truncatingIfNeeded: remote.index)] + bytes.suffix(16)
            remote.gossip.received(bytes, on: StreamKey(link: far.link, stream: far.stream), in: remote.state)
        case .finish(let stream), .conclude(let stream):
            host.finishedStreams.append(StreamKey(link: link, stream: stream))
            guard let far = ends[End(host: host.index, link: link, stream: stream)] else { return }
            hosts[far.host].gossip.finished(StreamKey(link: far.link, stream: far.stream), in: hosts[far.host].state)
        case .reset(let stream):
            host.resets.append(StreamKey(link: link, stream: stream))
            let end = End(host: host.index, link: link, stream: stream)
            guard let far = ends[end] else { return }
            ends[end] = nil
            ends[far] = nil
            hosts[far.host].gossip.closed(
                StreamKey(link: far.link, stream: far.stream), error: .reset(code: 0), in: hosts[far.host].state)
        default: break
        }
    }
}

let chat = [UInt8]("chat".utf8)
