import CausewayConnection
import CausewayIdentity

@testable import CausewayNode

/// Nodes that reach one another as if by perfect connections: each output becomes the other side's input at once, in order.
final class NodeNetwork {
    private final class Host {
        let node: Node
        var events: [NodeEvent] = []
        var closedStreams: [UInt64: Bool] = [:]

        init(_ node: Node) { self.node = node }
    }
    private struct End: Hashable {
        let host: Int
        let link: UInt32
    }
    private struct Wire {
        let dialler: End
        let listener: End
    }

    private(set) var now = Instant(nanoseconds: 1_000_000_000)
    private var hosts: [Host] = []
    private var byAddress: [String: Int] = [:]
    private var other: [End: End] = [:]
    /// A stream's handle at each end, by the opening end's.
    private var streams: [End: [UInt32: UInt32]] = [:]
    private var nextInbound: UInt32 = 1
    private var nextStream: UInt32 = 1
    private var queue: [(host: Int, output: NodeOutput)] = []
    /// While true, dials stand but no handshake ends.
    var holdsHandshakes = false
    private var held: [Wire] = []
    /// Whether WebRTC finds a way.
    var hasDirectPath = true
    private(set) var offers = 0
    private var nextRelayed: UInt32 = 1_000_000
    /// Ends of peer connections that are being made, and those that the nodes have taken over.
    private var peerConnections: [End: End] = [:]
    private var carried: Set<End> = []
    /// Links that carry an application's stream: they are not idle.
    var busyLinks: Set<UInt32> = []

    func add(_ number: UInt8, at text: String, _ configure: (inout NodeConfiguration) -> Void = { _ in }) -> Node {
        var configuration = NodeConfiguration(identity: key(number), seed: UInt64(number), unixEpoch: 1_800_000_000_000_000_000)
        configuration.gossip = nil
        configure(&configuration)
        let node = Node(configuration, now: now)
        byAddress[text] = hosts.count
        hosts.append(Host(node))
        node.listening([address(text)], now: now)
        run()
        return node
    }

    func events(of node: Node) -> [NodeEvent] { hosts.first { $0.node === node }?.events ?? [] }

    func run() {
        repeat {
            for (index, host) in hosts.enumerated() {
                while let output = host.node.pollOutput() { queue.append((index, output)) }
            }
            let batch = queue
            queue = []
            for (host, output) in batch { carry(output, from: host) }
        } while !queue.isEmpty || hosts.contains { $0.node.state.outputs.count > 0 }
    }

    func wait(_ interval: Interval) {
        let end = now + interval
        while let next = hosts.map({ $0.node.nextDeadline }).min(), next <= end {
            now = max(now, next)
            for host in hosts { host.node.advance(to: now) }
            run()
        }
        now = end
    }

    func releaseHandshakes() {
        holdsHandshakes = false
        let wires = held
        held = []
        // Listeners first: the worst case for two that dial each other.
        for wire in wires { tellEstablished(wire.listener, of: wire.dialler) }
        for wire in wires { tellEstablished(wire.dialler, of: wire.listener) }
        run()
    }

    private func carry(_ output: NodeOutput, from index: Int) {
        let host = hosts[index]
        switch output {
        case .event(let event): host.events.append(event)
        case .dial(let link, let address, _): dial(address, link, from: index)
        case .link(let link, let command): obey(command, End(host: index, link: link))
        case .resolve(let request, _): host.node.resolved(request: request, addresses: [], code: -1, now: now)
        case .peerConnection(let link, let command): obey(command, End(host: index, link: link))
        case .circuit, .splice, .endSplice, .cancelResolve: break
        }
    }

    private func dial(_ address: Multiaddr, _ link: UInt32, from index: Int) {
        guard let target = byAddress[address.description] else {
            return hosts[index].node.receive(.closed(.link(errno: 111)), from: link, now: now)
        }
        let dialler = End(host: index, link: link)
        let listener = End(host: target, link: nextInbound)
        nextInbound += 2
        other[dialler] = listener
        other[listener] = dialler
        hosts[index].node.linked(link: link, remote: address, local: CausewayNodeTests.address("/ip4/192.0.2.9/tcp/9"), now: now)
        hosts[target].node.accepted(
            link: listener.link, remote: CausewayNodeTests.address("/ip4/192.0.2.\(index + 100)/tcp/5000"), local: address, now: now)
        let wire = Wire(dialler: dialler, listener: listener)
        if holdsHandshakes { return held.append(wire) }
        tellEstablished(listener, of: dialler)
        tellEstablished(dialler, of: listener)
    }

    private func tellEstablished(_ end: End, of remote: End) {
        guard other[end] != nil else { return }
        let node = hosts[remote.host].node
        hosts[end.host].node.receive(.established(peer: node.peerID, publicKey: node.state.identity.publicKey), from: end.link, now: now)
    }

    private func obey(_ command: LinkCommand, _ end: End) {
        guard let remote = other[end] else { return }
        switch command {
        case .openStream(let stream, let protocolIDs):
            let inbound = nextStream
            nextStream += 2
            guard let entry = hosts[remote.host].node.protocolTable.entry(for: protocolIDs[0]) else {
                return tell(end, .streamFailed(stream: stream, .unsupportedProtocol))
            }
            streams[end, default: [:]][stream] = inbound
            streams[remote, default: [:]][inbound] = stream
            tell(remote, .streamOpened(stream: inbound, protocolID: entry.name))
            tell(end, .streamReady(stream: stream, protocolID: entry.name))
        case .send(let stream, let bytes, _): if let far = streams[end]?[stream] { tell(remote, .data(stream: far, bytes)) }
        case .finish(let stream), .conclude(let stream): if let far = streams[end]?[stream] { tell(remote, .finished(stream: far)) }
        case .reset(let stream):
            guard let far = streams[end]?.removeValue(forKey: stream) else { return }
            streams[remote]?[far] = nil
            tell(remote, .streamClosed(stream: far, .reset(code: 0)))
        case .setProtocols, .cancelDial, .consumed, .cut: break
        case .close(let reason): close(end, reason)
        case .closeIfIdle(let reason): if !busyLinks.contains(end.link), !busyLinks.contains(remote.link) { close(end, reason) }
        }
    }

    private func close(_ end: End, _ reason: CloseReason) {
        guard let remote = other.removeValue(forKey: end) else { return }
        other[remote] = nil
        tell(end, .closed(.closed(reason)))
        tell(remote, .closed(.goAway(code: 0)))
    }

    /// Ends the node's direct connection.
    func cutDirect(_ node: Node) {
        guard let host = hosts.firstIndex(where: { $0.node === node }),
            let link = node.connectionDescriptions.first(where: { $0.limit == nil })?.link
        else { return }
        close(End(host: host, link: link), .cancelled)
        run()
    }

    private func tell(_ end: End, _ event: LinkEvent) { hosts[end.host].node.receive(event, from: end.link, now: now) }

    // MARK: WebRTC

    /// A relayed connection with a limit, as if a relay had brought it about.
    func relay(_ dialler: Node, _ target: Node) {
        nextRelayed += 2
        var ends: [End] = []
        for (node, remote) in [(dialler, target), (target, dialler)] {
            guard let host = hosts.firstIndex(where: { $0.node === node }) else { return }
            ends.append(End(host: host, link: nextRelayed))
            node.state.expectLink(
                nextRelayed, remoteAddress: address("/ip4/192.0.2.9/tcp/1/p2p/\(peer(9))/p2p-circuit/p2p/\(remote.peerID)"),
                localAddress: address("/ip4/192.0.2.8/tcp/2"),
                path: .relayed(by: peer(9), limit: CircuitLimit(bytes: 100_000, seconds: nil)), carrier: 1,
                isInbound: node === target)
        }
        other[ends[0]] = ends[1]
        other[ends[1]] = ends[0]
        tellEstablished(ends[1], of: ends[0])
        tellEstablished(ends[0], of: ends[1])
        run()
    }

    /// Descriptions name the end that they are of.
    private func obey(_ command: PeerConnectionCommand, _ end: End) {
        let node = hosts[end.host].node
        let description = [UInt8(end.host), UInt8(end.link)]
        switch command {
        case .offer:
            offers += 1
            node.described(link: end.link, description: description, now: now)
            node.gathered(link: end.link, candidate: [1], now: now)
        case .answer(let offer):
            let offerer = End(host: Int(offer[0]), link: UInt32(offer[1]))
            peerConnections[end] = offerer
            peerConnections[offerer] = end
            node.described(link: end.link, description: description, now: now)
        case .accept:
            guard let remote = peerConnections[end] else { return }
            for one in [remote, end] {
                if hasDirectPath {
                    hosts[one.host].node.peerConnected(link: one.link, now: now)
                } else {
                    hosts[one.host].node.peerFailed(link: one.link, .notConnected, now: now)
                }
            }
        case .candidate, .close: break
        case .carry:
            guard let remote = peerConnections[end] else { return }
            carried.insert(end)
            guard carried.contains(remote) else { return }
            other[end] = remote
            other[remote] = end
            tellEstablished(remote, of: end)
            tellEstablished(end, of: remote)
        }
    }
}
