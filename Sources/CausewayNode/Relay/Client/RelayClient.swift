public import CausewayConnection
import CausewayIdentity

/// The relay's client (relay/circuit-v2.md). It dials through relays, accepts circuits through those at which it holds reservations, and
/// keeps these reservations.
///
///     a relay   resting --chosen, or its time has come--> connecting --> asking --OK--> resting, held
///                  ^                                          |            |             |  refresh: asking, still held
///                  +-------- failed: 1, 2, 4 ... 20 s --------+------------+             v  expired, or the last connection closed
///                  +------------------------- at once, addresses stay for a minute ------+
public final class RelayClient: NodeProtocol, CircuitDialing {
    /// The tag under which relays at which we hold a reservation are protected from pruning, as go-libp2p names it.
    static let protection = [UInt8](utf8: "autorelay")

    /// Its times and bounds.
    public let limits: RelayClientLimits
    var streams = Table<UInt64, RelayClientStream>()
    /// Hop streams by the link that each is to become.
    var circuitStreams = Table<UInt32, StreamKey>()
    var stopStreams = 0
    var relays = BytesTable<RelayReservation>()
    /// The relays in the order in which they were named.
    var order: [RelayReservation] = []
    /// At how many of the candidates to hold a reservation.
    var wanted = 0
    var learns = false
    /// No deadline of a stream comes before this moment.
    var soonest = Instant.distantFuture

    /// Makes a client that holds no reservation yet.
    public init(limits: RelayClientLimits = RelayClientLimits()) { self.limits = limits }

    /// Served over relayed connections, too, so that a refusal there is an explicit status.
    public var served: [ProtocolTable.Entry] {
        [ProtocolTable.Entry(name: HopCodec.stopID, owner: .node, allowsLimited: true, handsOver: .afterOneMessage)]
    }

    public var nextDeadline: Instant { min(soonest, relayDeadline) }

    // MARK: Streams

    public func streamOpened(_ stream: StreamKey, protocolID: [UInt8], in node: NodeContext) {
        guard stopStreams < limits.stopStreams else {
            node.reset(stream)
            return
        }
        stopStreams += 1
        track(stream, .stop, for: limits.stopTime, in: node)
    }

    public func received(_ bytes: [UInt8], on stream: StreamKey, in node: NodeContext) {
        guard let stream = streams[stream.packed] else { return }
        if case .refused = stream.use {
            drop(stream, in: node)
            return
        }
        stream.inbox.add(bytes)
        do throws(RelayFault) {
            if let message = stream.inbox.next(limit: HopCodec.messageSize) { try handle(message, from: stream, in: node) }
            if let fault = stream.inbox.fault { throw RelayFault(fault) }
        } catch {
            faulted(stream, error, in: node)
        }
    }

    public func finished(_ stream: StreamKey, in node: NodeContext) {
        guard let stream = streams[stream.packed] else { return }
        switch stream.use {
        case .refused: break
        case .stop: drop(stream, in: node)
        case .circuit, .reservation: faulted(stream, .endedEarly, in: node)
        }
    }

    public func closed(_ stream: StreamKey, error: StreamError?, in node: NodeContext) {
        guard let stream = streams[stream.packed] else { return }
        forget(stream)
        unanswered(
            stream, RelayClient.result(of: error), error.map { .stream($0) } ?? .badAnswer(RelayFault.endedEarly.rawValue), in: node)
    }

    private func handle(_ message: consuming ProtobufReader, from stream: RelayClientStream, in node: NodeContext) throws(RelayFault) {
        let inSeconds = writesSeconds(stream.key.link, in: node)
        switch stream.use {
        case .refused: break
        case .stop: try stopAsked(try HopCodec.decodeStop(message, inSeconds: inSeconds), on: stream, in: node)
        case .circuit(let circuit):
            try circuitAnswered(try HopCodec.decodeHop(message, inSeconds: inSeconds), on: stream, circuit, in: node)
        case .reservation(let relay):
            try reservationAnswered(try HopCodec.decodeHop(message, inSeconds: inSeconds), on: stream, of: relay, in: node)
        }
    }

    /// Whether the software of the relay is known to write durations in seconds. A page guesses by their size.
    private func writesSeconds(_ link: UInt32, in node: NodeContext) -> Bool {
        #if hasFeature(Embedded)
            return false
        #else
            guard let relay = node.connections[link]?.peer else { return false }
            let agent = node.peers.agent(of: relay)
            return ["causeway/", "kubo/", "go-", "github.com/", "rust-"].contains { agent.starts(with: $0.utf8) }
        #endif
    }

    /// The relay violated the protocol.
    private func faulted(_ stream: RelayClientStream, _ fault: RelayFault, in node: NodeContext) {
        if case .stop = stream.use {
            refuse(stream, fault == .unexpectedType ? HopStatus.unexpectedMessage : HopStatus.malformedMessage, in: node)
        } else {
            drop(stream, in: node)
            unanswered(stream, RelayClient.result(of: fault), .badAnswer(fault.rawValue), in: node)
        }
    }

    /// A stream ended without the relay's answer. Ends the circuit or the reservation that it was for.
    private func unanswered(_ stream: RelayClientStream, _ result: DialOutcome.Result, _ error: ReservationError, in node: NodeContext) {
        switch stream.use {
        case .stop, .refused: break
        case .circuit(let circuit): node.circuitFailed(link: circuit.link, result)
        case .reservation(let relay): failed(relay, error, in: node)
        }
    }

    // MARK: Time

    public func advance(in node: NodeContext) {
        if soonest <= node.now { endLateStreams(in: node) }
        advanceRelays(in: node)
    }

    private func endLateStreams(in node: NodeContext) {
        var late: [UInt64] = []
        soonest = .distantFuture
        for stream in streams.values {
            if stream.deadline <= node.now { late.append(stream.key.packed) } else { soonest = min(soonest, stream.deadline) }
        }
        for key in late {
            guard let stream = streams[key] else { continue }
            drop(stream, in: node)
            unanswered(stream, .failed(.timedOut(.circuit)), .timedOut, in: node)
        }
    }

    // MARK: Bookkeeping

    func track(_ key: StreamKey, _ use: RelayClientStream.Use, for time: Interval, in node: NodeContext) {
        let deadline = node.now + time
        streams[key.packed] = RelayClientStream(key: key, use: use, deadline: deadline)
        soonest = min(soonest, deadline)
    }

    func drop(_ stream: RelayClientStream, in node: NodeContext) {
        forget(stream)
        node.reset(stream.key)
    }

    /// Forgets a stream that is over, or that a circuit has taken.
    func forget(_ stream: RelayClientStream) {
        guard streams.removeValue(forKey: stream.key.packed) != nil else { return }
        switch stream.use {
        case .stop, .refused: stopStreams -= 1
        case .circuit(let circuit): circuitStreams[circuit.link] = nil
        case .reservation: break
        }
    }
}
