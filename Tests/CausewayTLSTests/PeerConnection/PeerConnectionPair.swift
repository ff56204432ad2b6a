import CausewayIdentity
import CausewayWebRTC

/// A dialler of `/webrtc-direct` and a listener, with the datagrams between them, in virtual time.
final class PeerConnectionPair {
    static let dialler = Endpoint(ip: [192, 0, 2, 1], port: 1000)!
    static let listener = Endpoint(ip: [192, 0, 2, 2], port: 2000)!

    /// A datagram on its way.
    private struct Flight {
        let arrival: Instant
        let isToListener: Bool
        let bytes: [UInt8]
    }

    /// What one side has heard of its connection.
    final class Side {
        var connection: PeerConnection?
        var fingerprint: CertificateFingerprint?
        var opened: [StreamID] = []
        var isConnected = false
        var bytes: [UInt8] = []
        var hasEnded = false
        var failure: PeerConnectionError?
        var sent: [Int] = []
    }

    let near = Side()
    let far = Side()
    private(set) var now = Instant(nanoseconds: 1_000_000_000)
    private let latency = Interval.milliseconds(10)
    private var flights: [Flight] = []
    private let listening: any DTLSEndpoint
    /// Whether a datagram of `size` bytes arrives.
    var arrives: (_ isToListener: Bool, _ bytes: [UInt8]) -> Bool = { _, _ in true }

    init(_ maker: DTLSMaker, trusting trust: DTLSTrust? = nil) {
        listening = maker.server
        let (own, theirs) = DirectVersion.one.credentials(secret: [UInt8](repeating: 7, count: 32))
        let agent = ICEAgent(
            .controlling, own, bases: [LocalBase(socket: 1, endpoint: Self.dialler)], secret: [UInt8](repeating: 8, count: 32), now: now,
            mayCheck: { _ in true })
        agent.setRemote(theirs, isLite: true, now: now)
        agent.add(
            ICECandidate(foundation: [UInt8](utf8: "1"), priority: 1, address: .endpoint(Self.listener), kind: .host))
        let connection = PeerConnection(agent, .client, by: maker.client, entropy: [UInt8](repeating: 9, count: 32))
        connection.setTrust(trust ?? .fingerprints([listening.fingerprint]), now: now)
        near.connection = connection
        drain()
    }

    /// Lets time pass until a condition holds, or the time is over.
    func run(for time: Interval = .seconds(60), until isDone: () -> Bool = { false }) {
        let end = now + time
        while !isDone() {
            let deadline = min(near.connection?.nextDeadline ?? .distantFuture, far.connection?.nextDeadline ?? .distantFuture)
            let next = min(flights.map(\.arrival).min() ?? .distantFuture, deadline)
            guard next <= end else {
                now = end
                return
            }
            now = max(now, next)
            near.connection?.advance(now: now)
            far.connection?.advance(now: now)
            let due = flights.filter { $0.arrival <= now }
            flights.removeAll { $0.arrival <= now }
            for flight in due { arrive(flight) }
            drain()
        }
    }

    /// A datagram for the listener, as if the dialler had sent it.
    func inject(_ bytes: [UInt8]) {
        arrive(Flight(arrival: now, isToListener: true, bytes: bytes))
        drain()
    }

    func drain() {
        while drain(near, toListener: true) || drain(far, toListener: false) {}
    }

    private func arrive(_ flight: Flight) {
        let side = flight.isToListener ? far : near
        let path = ICEPath(socket: 1, remote: flight.isToListener ? Self.dialler : Self.listener)
        var bytes = flight.bytes
        bytes.withUnsafeMutableBytes { bytes in
            if side.connection == nil, let agent = try? ICELiteAgent(accepting: UnsafeRawBufferPointer(bytes), over: path, now: now) {
                side.connection = PeerConnection(accepting: agent, by: listening, entropy: [UInt8](repeating: 3, count: 32))
            } else {
                side.connection?.receive(bytes, over: path, now: now)
            }
            _ = drain(side, toListener: !flight.isToListener)
        }
    }

    private func drain(_ side: Side, toListener: Bool) -> Bool {
        var buffer = [UInt8](repeating: 0, count: PeerConnection.datagramSize)
        var hasWorked = false
        while let output = buffer.withUnsafeMutableBytes({ side.connection?.pollOutput(into: $0, now: now) }) {
            hasWorked = true
            switch output {
            case .send(let count, _):
                side.sent.append(count)
                let bytes = Array(buffer[..<count])
                if arrives(toListener, bytes) { flights.append(Flight(arrival: now + latency, isToListener: toListener, bytes: bytes)) }
            case .authenticated(let fingerprint): side.fingerprint = fingerprint
            case .channel(let event): take(event, side)
            case .closed(let error):
                side.hasEnded = true
                side.failure = error
            case .openSocket, .closeSocket, .candidate, .endOfCandidates, .disconnected: break
            }
        }
        return hasWorked
    }

    private func take(_ event: DataChannelEvent, _ side: Side) {
        switch event {
        case .connected: side.isConnected = true
        case .opened(let id, _): side.opened.append(id)
        case .part(let part):
            side.bytes += part.bytes
            side.connection?.channels.consumed(part.bytes.count, on: part.channel)
        default: break
        }
    }

    var areConnected: Bool { near.isConnected && far.isConnected }
}
