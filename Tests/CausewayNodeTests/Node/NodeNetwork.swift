import CausewayConnection
import CausewayIdentity
import CausewayTrace

@testable import CausewayNode

/// Nodes that reach one another over memory, in virtual time.
final class NodeNetwork {
    private struct End: Hashable {
        let host: Int
        let link: UInt32
    }

    private(set) var now = Instant(nanoseconds: 1_000_000_000)
    private var hosts: [MemoryNode] = []
    private var byAddress: [Multiaddr: MemoryNode] = [:]
    /// Whether WebRTC finds a way.
    var hasDirectPath = true
    private(set) var offers = 0
    private var nextRelayed: UInt32 = 1_000_000
    /// Ends of peer connections that are being made, and those that the nodes have taken over.
    private var peerConnections: [End: End] = [:]
    private var carried: Set<End> = []
    private var busy: [(link: Link, stream: UInt32)] = []

    func add(_ number: UInt8, at text: String, _ configure: (inout NodeConfiguration) -> Void = { _ in }) -> Node {
        var configuration = NodeConfiguration(identity: key(number), seed: UInt64(number), unixEpoch: 1_800_000_000_000_000_000)
        configuration.gossip = nil
        configure(&configuration)
        let host = MemoryNode(configuration, services: NodeServices(configuration), address: address(text), seed: number &* 40, now: now)!
        let index = hosts.count
        host.find = { [unowned self] in byAddress[$0] }
        host.peerConnections = { [unowned self] in obey($1, End(host: index, link: $0)) }
        host.node.setApplicationProtocols([ProtocolTable.Entry(name: Self.idle, owner: .application, allowsLimited: true)], now: now)
        byAddress[address(text)] = host
        hosts.append(host)
        run()
        return host.node
    }

    func events(of node: Node) -> [NodeEvent] { host(node).events }

    private func host(_ node: Node) -> MemoryNode { hosts.first { $0.node === node }! }

    func run() { MemoryNode.settle(hosts) }

    func wait(_ interval: Interval) {
        let end = now + interval
        while let next = hosts.map({ $0.driver.nextDeadline }).min(), next <= end {
            now = max(now, next)
            for host in hosts { host.now = now }
            run()
        }
        now = end
        for host in hosts { host.now = end }
    }

    /// While true, dials stand but no handshake ends.
    var holdsHandshakes = false {
        didSet {
            for host in hosts {
                host.isHeld = holdsHandshakes
                for link in host.links.links { link.markDirty() }
            }
        }
    }

    // MARK: Links

    private static let idle = [UInt8]("/idle/1".utf8)

    /// Opens an application's stream on a link: it is not idle until `rest`.
    func use(_ link: UInt32, of node: Node) throws {
        let link = host(node).links.link(link)!
        busy.append((link, try link.openStream([Self.idle], owner: IdleStream(), now: now)))
        run()
    }

    func rest() {
        for one in busy { one.link.reset(one.stream) }
        busy = []
        run()
    }

    /// Ends the node's direct connection.
    func cutDirect(_ node: Node) {
        guard let link = node.connectionDescriptions.first(where: { $0.limit == nil })?.id else { return }
        host(node).links.fail(link, .link(errno: 104))
        run()
    }

    /// A relayed connection with a limit, as if a relay had brought it about.
    func relay(_ dialler: Node, _ target: Node) {
        nextRelayed += 2
        for (node, remote) in [(dialler, target), (target, dialler)] {
            node.context.expectLink(
                nextRelayed, remoteAddress: address("/ip4/192.0.2.9/tcp/1/p2p/\(peer(9))/p2p-circuit/p2p/\(remote.peerID)"),
                localAddress: address("/ip4/192.0.2.8/tcp/2"),
                path: .relayed(by: peer(9), limit: CircuitLimit(bytes: 100_000, seconds: nil)), carrier: 1,
                isInbound: node === target)
        }
        host(dialler).connect(nextRelayed, to: host(target), nextRelayed)
        run()
    }

    // MARK: WebRTC

    /// Descriptions name the end that they are of.
    private func obey(_ command: PeerConnectionCommand, _ end: End) {
        let driver: NodeDriver = hosts[end.host].driver
        let description = [UInt8(end.host), UInt8(end.link)]
        switch command {
        case .offer:
            offers += 1
            driver.input {
                $0.described(link: end.link, description: description, now: now)
                $0.gathered(link: end.link, candidate: [1], now: now)
            }
        case .answer(let offer, _):
            let offerer = End(host: Int(offer[0]), link: UInt32(offer[1]))
            peerConnections[end] = offerer
            peerConnections[offerer] = end
            driver.input { $0.described(link: end.link, description: description, now: now) }
        case .accept:
            guard let remote = peerConnections[end] else { return }
            for one in [remote, end] {
                hosts[one.host].driver.input {
                    if hasDirectPath {
                        $0.peerConnected(link: one.link, now: now)
                    } else {
                        $0.peerFailed(link: one.link, .notConnected, now: now)
                    }
                }
            }
        case .candidate, .close: break
        case .carry:
            guard let remote = peerConnections[end] else { return }
            carried.insert(end)
            if carried.contains(remote) { hosts[end.host].connect(end.link, to: hosts[remote.host], remote.link) }
        }
    }
}
