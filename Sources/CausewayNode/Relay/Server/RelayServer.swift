public import CausewayConnection
import CausewayIdentity

/// The relay (relay/circuit-v2.md). It grants reservations by the hop protocol, asks targets by the stop protocol, and lets the shell
/// splice the two streams of a circuit. No byte of an open circuit passes through it.
///
///     hop stream   reading --RESERVE--> answered --both ends--> gone
///                     |                    ^
///                  CONNECT              refused
///                     v                    |
///                 connecting --------------+--target says OK--> spliced (the circuit runs) --spliceEnded--> gone
///
/// A message that is none gets a status; a stream that goes on behind its answer, or is too late, is reset. A reservation lasts until its
/// time is up, the peer's last direct connection closes, or it would move to a place that is full. Open circuits may last longer.
public final class RelayServer: CircuitServing {
    /// The tag under which peers with a reservation here are protected from pruning, as go-libp2p names it.
    static let protection = [UInt8](utf8: "relay-reservation")

    /// What the relay gives away at most.
    public let limits: RelayLimits
    var reservations = ReservationTable()
    private var streams = ControlStreams()
    var circuits: [UInt32: ServedCircuit] = [:]
    /// Circuits by the stop stream on which their target is asked.
    var asking: [UInt64: UInt32] = [:]
    var shares = CircuitShares()
    var lastCircuit: UInt32 = 0
    var totals = RelayCounters()
    /// No deadline of a stream or a circuit comes before this moment.
    var soonest = Instant.distantFuture

    /// Makes a relay that gives away no more than `limits`.
    public init(limits: RelayLimits) { self.limits = limits }

    /// Served over relayed connections, too, so that a refusal there is an explicit status rather than a bare reset.
    public var served: [ProtocolTable.Entry] {
        [ProtocolTable.Entry(name: HopCodec.hopID, owner: .node, allowsLimited: true, handsOver: .afterOneMessage)]
    }

    public var nextDeadline: Instant { min(soonest, reservations.soonest) }

    public var counts: RelayCounters {
        var counts = totals
        counts.reservations = reservations.count
        counts.circuits = circuits.count - asking.count
        counts.pendingCircuits = asking.count
        counts.hopStreams = streams.count
        return counts
    }

    // MARK: Streams

    public func streamOpened(_ stream: StreamKey, protocolID: [UInt8], in node: NodeContext) {
        guard let link = node.connections[stream.link], streams.count(on: link.id) < limits.hopStreamsPerConnection, makeRoom(in: node)
        else {
            node.reset(stream)
            return
        }
        streams.insert(stream, of: AddressKey.holder(link.remoteAddress), deadline: node.now + limits.hopTime)
        soonest = min(soonest, node.now + limits.hopTime)
    }

    /// Makes room for one more stream. Returns false if every stream waits for its circuit.
    private func makeRoom(in node: NodeContext) -> Bool {
        if streams.count < limits.hopStreams { return true }
        guard let oldest = streams.first else { return false }
        drop(oldest, in: node)
        return true
    }

    public func received(_ bytes: [UInt8], on stream: StreamKey, in node: NodeContext) {
        if let id = asking[stream.packed], let circuit = circuits[id] {
            targetAnswered(bytes, circuit, in: node)
            return
        }
        guard let hop = streams[stream.packed] else { return }
        switch hop.phase {
        case .reading:
            hop.inbox.add(bytes)
            if let message = hop.inbox.next(limit: HopCodec.messageSize) {
                handle(message, from: hop, in: node)
            } else if hop.inbox.fault != nil {
                answer(hop, HopStatus.malformedMessage, in: node)
            }
        case .connecting, .answered:
            // The link holds back what follows a whole message, so the length of this one could not be read.
            giveUp(hop, in: node)
        }
    }

    public func finished(_ stream: StreamKey, in node: NodeContext) {
        if let id = asking[stream.packed], let circuit = circuits[id] {
            refuse(circuit, HopStatus.connectionFailed, in: node)
            return
        }
        guard let hop = streams[stream.packed] else { return }
        switch hop.phase {
        case .reading: drop(hop, in: node)
        case .connecting(let id): abandon(circuit: id, in: node)
        case .answered: break
        }
    }

    public func closed(_ stream: StreamKey, error: StreamError?, in node: NodeContext) {
        if let id = asking[stream.packed], let circuit = circuits[id] {
            asking[stream.packed] = nil
            refuse(circuit, HopStatus.connectionFailed, in: node)
            return
        }
        guard let hop = streams[stream.packed] else { return }
        if case .connecting(let id) = hop.phase { abandon(circuit: id, in: node) }
        forget(stream)
    }

    public func linkClosed(_ link: ConnectedLink, in node: NodeContext) {
        guard !link.isRelayed, let held = reservations[link.peer] else { return }
        guard let left = directLink(to: link.peer, in: node) else { return end(reservation: link.peer, in: node) }
        for id in node.connections.links(of: link.peer) {
            guard let other = node.connections[id], !other.isRelayed else { continue }
            if AddressKey(other.remoteAddress)?.place == held.key?.place { return }
        }
        if !reservations.move(held, to: AddressKey(left.remoteAddress), limits: limits) { end(reservation: link.peer, in: node) }
    }

    public func advance(in node: NodeContext) {
        for reservation in reservations.expired(at: node.now) { tellEnd(of: reservation.peer, in: node) }
        guard soonest <= node.now else { return }
        soonest = .distantFuture
        for key in due(streams.deadlines, at: node.now) {
            guard let hop = streams[key] else { continue }
            giveUp(hop, in: node)
        }
        for key in due(circuits.values.map { (UInt64($0.id), $0.deadline) }, at: node.now) {
            guard let circuit = circuits[UInt32(truncatingIfNeeded: key)] else { continue }
            timeIsOver(for: circuit, in: node)
        }
    }

    /// The keys whose deadline has come, in ascending order. Sets `soonest` to the next one.
    private func due(_ deadlines: [(UInt64, Instant)], at now: Instant) -> [UInt64] {
        var keys: [UInt64] = []
        for (key, deadline) in deadlines {
            if deadline <= now { keys.append(key) } else { soonest = min(soonest, deadline) }
        }
        keys.sort()
        return keys
    }

    // MARK: Messages

    private func handle(_ read: consuming ProtobufReader, from hop: HopStream, in node: NodeContext) {
        guard let link = node.connections[hop.key.link] else {
            drop(hop, in: node)
            return
        }
        let message: HopMessage
        do throws(RelayFault) {
            message = try HopCodec.decodeHop(read)
        } catch {
            answer(hop, error == .unexpectedType ? HopStatus.unexpectedMessage : HopStatus.malformedMessage, in: node)
            return
        }
        switch message {
        case .reserve: reserve(hop, link, in: node)
        case .connect(let peer): connect(hop, link, to: peer, in: node)
        case .status: answer(hop, HopStatus.unexpectedMessage, in: node)
        }
    }

    func answer(_ hop: HopStream, _ status: UInt16, in node: NodeContext) {
        answer(hop, with: .status(status, reservation: nil, limit: nil), in: node)
    }

    func answer(_ hop: HopStream, with message: HopMessage, in node: NodeContext) {
        node.send(HopCodec.encode(message), on: hop.key)
        node.finish(hop.key)
        hop.phase = .answered
        hop.deadline = node.now + limits.hopTime
        soonest = min(soonest, hop.deadline)
    }

    func stream(_ key: StreamKey) -> HopStream? { streams[key.packed] }

    func wait(_ hop: HopStream, for circuit: ServedCircuit) {
        hop.phase = .connecting(circuit.id)
        streams.keep(hop)
        // The circuit has a deadline of its own, which is reported as a status and comes first.
        hop.deadline = circuit.deadline + limits.hopTime
    }

    /// Ends a stream, with the circuit that it waits for.
    private func giveUp(_ hop: HopStream, in node: NodeContext) {
        if case .connecting(let id) = hop.phase { abandon(circuit: id, in: node) } else { drop(hop, in: node) }
    }

    func drop(_ hop: HopStream, in node: NodeContext) {
        node.reset(hop.key)
        forget(hop.key)
    }

    /// Forgets a stream that is gone, or that a splice has taken.
    func forget(_ key: StreamKey) { streams.remove(key) }

    /// The newest direct link: an older one may belong to a page that was reloaded, and be dead without anybody noticing.
    func directLink(to peer: PeerID, in node: NodeContext) -> ConnectedLink? {
        for id in node.connections.links(of: peer).reversed() {
            if let link = node.connections[id], !link.isRelayed { return link }
        }
        return nil
    }
}
