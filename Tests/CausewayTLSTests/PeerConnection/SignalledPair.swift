import CausewayIdentity
import CausewayWebRTC

/// An offerer and an answerer of `/webrtc`, with the datagrams and the signalling between them, in virtual time.
final class SignalledPair {
    static let offerer = Endpoint(ip: [192, 0, 2, 1], port: 1000)!
    static let answerer = Endpoint(ip: [192, 0, 2, 2], port: 2000)!

    /// Something on its way to one side.
    private enum Message {
        case datagram([UInt8])
        case answer([UInt8])
        case candidate([UInt8])
    }

    private struct Flight {
        let arrival: Instant
        let isToOfferer: Bool
        let message: Message
    }

    /// What one side has heard of its connection.
    final class Side {
        let session: SignalledSession
        var opened: [StreamID] = []
        var labels: [[UInt8]] = []
        var connectedAt: Instant?
        var closed: [StreamID] = []
        var bytes: [UInt8] = []
        var failure: PeerConnectionError?
        var hasEnded = false

        init(_ session: SignalledSession) { self.session = session }
    }

    let near: Side
    let far: Side
    private(set) var now = Instant(nanoseconds: 1_000_000_000)
    /// Of the path, and of the signalling, which goes over a relay.
    private let latency = Interval.milliseconds(10)
    private let signallingLatency: Interval
    private var flights: [Flight] = []
    /// Whether a datagram arrives.
    var arrives: (_ isToOfferer: Bool, _ bytes: [UInt8]) -> Bool = { _, _ in true }

    /// - Parameters:
    ///   - rewrite: what becomes of the offer before the answerer reads it.
    ///   - rewriteAnswer: what becomes of the answer, which may depend on the offer.
    init(
        _ maker: DTLSMaker, signallingLatency: Interval = .milliseconds(20), rewrite: (String) -> String = { $0 },
        rewriteAnswer: (_ answer: String, _ offer: String) -> String = { answer, _ in answer }
    ) throws {
        self.signallingLatency = signallingLatency
        let offering = SignalledSession(
            offeringFrom: [LocalBase(socket: 1, endpoint: Self.offerer)], servers: [], by: maker.client,
            secret: [UInt8](repeating: 1, count: 32), entropy: [UInt8](repeating: 2, count: 32), now: now)
        let offer = [UInt8](rewrite(String(decoding: offering.description, as: UTF8.self)).utf8)
        let answering = try SignalledSession(
            answering: offer, from: [LocalBase(socket: 1, endpoint: Self.answerer)], servers: [], by: maker.server,
            secret: [UInt8](repeating: 3, count: 32), entropy: [UInt8](repeating: 4, count: 32), now: now)
        near = Side(offering)
        far = Side(answering)
        let answer = rewriteAnswer(
            String(decoding: answering.description, as: UTF8.self), String(decoding: offering.description, as: UTF8.self))
        signal(.answer([UInt8](answer.utf8)), toOfferer: true)
        drain()
    }

    private func signal(_ message: Message, toOfferer: Bool) {
        flights.append(Flight(arrival: now + signallingLatency, isToOfferer: toOfferer, message: message))
    }

    /// Lets time pass until a condition holds, or the time is over.
    func run(for time: Interval = .seconds(60), until isDone: () -> Bool = { false }) throws {
        let end = now + time
        while !isDone() {
            let deadline = min(near.session.connection.nextDeadline, far.session.connection.nextDeadline)
            let next = min(flights.map(\.arrival).min() ?? .distantFuture, deadline)
            guard next <= end else {
                now = end
                return
            }
            now = max(now, next)
            near.session.connection.advance(now: now)
            far.session.connection.advance(now: now)
            let due = flights.filter { $0.arrival <= now }
            flights.removeAll { $0.arrival <= now }
            for flight in due { try arrive(flight) }
            drain()
        }
    }

    var areConnected: Bool { near.connectedAt != nil && far.connectedAt != nil }

    private func arrive(_ flight: Flight) throws {
        let side = flight.isToOfferer ? near : far
        switch flight.message {
        case .answer(let answer): try side.session.accept(answer, now: now)
        case .candidate(let candidate): side.session.add(candidate: candidate)
        case .datagram(var bytes):
            let path = ICEPath(socket: 1, remote: flight.isToOfferer ? Self.answerer : Self.offerer)
            bytes.withUnsafeMutableBytes { bytes in
                side.session.connection.receive(bytes, over: path, now: now)
                _ = drain(side, isOfferer: flight.isToOfferer)
            }
        }
    }

    func drain() { while drain(near, isOfferer: true) || drain(far, isOfferer: false) {} }

    private func drain(_ side: Side, isOfferer: Bool) -> Bool {
        var buffer = [UInt8](repeating: 0, count: PeerConnection.datagramSize)
        var hasWorked = false
        while let output = buffer.withUnsafeMutableBytes({ side.session.connection.pollOutput(into: $0, now: now) }) {
            hasWorked = true
            switch output {
            case .send(let count, _):
                let bytes = Array(buffer[..<count])
                guard arrives(!isOfferer, bytes) else { continue }
                flights.append(Flight(arrival: now + latency, isToOfferer: !isOfferer, message: .datagram(bytes)))
            case .candidate(let candidate): signal(.candidate(side.session.text(of: candidate)), toOfferer: !isOfferer)
            case .channel(let event): take(event, side)
            case .closed(let error):
                side.hasEnded = true
                side.failure = error
            case .authenticated, .openSocket, .closeSocket, .endOfCandidates, .disconnected: break
            }
        }
        return hasWorked
    }

    private func take(_ event: DataChannelEvent, _ side: Side) {
        switch event {
        case .connected: side.connectedAt = now
        case .opened(let id, let description):
            side.opened.append(id)
            side.labels.append(description.label)
        case .part(let part):
            side.bytes += part.bytes
            side.session.connection.channels.consumed(part.bytes.count, on: part.channel)
        case .closed(let id): side.closed.append(id)
        default: break
        }
    }
}
