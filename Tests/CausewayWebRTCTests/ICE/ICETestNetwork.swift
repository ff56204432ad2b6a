import CausewayIdentity

@testable import CausewayWebRTC

/// Sockets, NATs and the internet between them, in virtual time. All chances come from the seed.
final class ICETestNetwork {
    private struct Packet {
        let at: Instant
        let deliver: () -> Void
    }

    private(set) var now = at(seconds: 1)
    var dice: Dice
    /// Percent of datagrams that are lost, and of those that are changed on the way.
    var loss = 0
    var damage = 0
    /// Nothing gets through.
    var isCut = false
    /// Each way takes so many milliseconds: the wider, the more datagrams overtake others.
    var latency = 10...40
    private(set) var sent = 0
    /// Sorted by time, the latest first.
    private var packets: [Packet] = []
    fileprivate var sockets: [Site: (_ bytes: [UInt8], _ source: Endpoint) -> Void] = [:]
    private var nats: [[UInt8]: ICETestNAT] = [:]
    private var machines: [(deadline: () -> Instant, turn: () -> Void)] = []

    /// An endpoint in its network: behind one NAT, or public.
    struct Site: Hashable {
        let nat: [UInt8]
        let ip: [UInt8]
        let port: UInt16
    }

    init(seed: UInt64) { dice = Dice(seed: seed) }

    // MARK: Building

    func add(_ nat: ICETestNAT) { nats[nat.ip] = nat }

    /// A socket, behind a NAT or public. Its owner gets what arrives.
    func bind(_ endpoint: Endpoint, behind nat: ICETestNAT?, _ receive: @escaping ([UInt8], Endpoint) -> Void) {
        sockets[site(endpoint, nat)] = receive
    }

    func add(deadline: @escaping () -> Instant, turn: @escaping () -> Void) { machines.append((deadline, turn)) }

    /// A STUN server that is public.
    func addServer(_ endpoint: Endpoint) {
        bind(endpoint, behind: nil) { [unowned self] bytes, source in
            var server = STUNServer()
            var count: Int?
            let answer = [UInt8](unsafeUninitializedCapacity: STUNLimits.messageSize) { buffer, size in
                count = bytes.withUnsafeBytes {
                    server.answer($0, from: source, isConnected: true, into: UnsafeMutableRawBufferPointer(buffer), now: now)
                }
                size = count ?? 0
            }
            if count != nil { send(answer, from: endpoint, behind: nil, to: source) }
        }
    }

    // MARK: Running

    /// Does something later: what signalling carries.
    func after(_ milliseconds: UInt64, _ work: @escaping () -> Void) { put(Packet(at: now + .milliseconds(milliseconds), deliver: work)) }

    func send(_ bytes: [UInt8], from source: Endpoint, behind nat: ICETestNAT?, to remote: Endpoint) {
        sent += 1
        guard !isCut, !dice.happens(10 * loss), let target = route(from: source, behind: nat, to: remote) else { return }
        var bytes = bytes
        if dice.happens(10 * damage), !bytes.isEmpty { bytes[dice.below(bytes.count)] ^= UInt8(1 + dice.below(255)) }
        let way = UInt64(latency.lowerBound + dice.below(latency.count))
        after(way) { [unowned self] in
            // The NAT before the receiver decides when the datagram is there.
            guard let site = target.site() else { return }
            sockets[site]?(bytes, target.source)
        }
    }

    func run(seconds: Double, until isDone: () -> Bool = { false }) {
        let end = now + Interval(nanoseconds: UInt64(seconds * 1e9))
        while !isDone() {
            for machine in machines { machine.turn() }
            var next = packets.last?.at ?? .distantFuture
            for machine in machines { next = min(next, machine.deadline()) }
            guard next <= end else { break }
            now = max(now, next)
            while let packet = packets.last, packet.at <= now {
                packets.removeLast()
                packet.deliver()
            }
        }
        if !isDone() { now = end }
    }

    private func put(_ packet: Packet) {
        var place = packets.count
        while place > 0, packets[place - 1].at <= packet.at { place -= 1 }
        packets.insert(packet, at: place)
    }

    private func site(_ endpoint: Endpoint, _ nat: ICETestNAT?) -> Site { Site(nat: nat?.ip ?? [], ip: endpoint.ip, port: endpoint.port) }

    /// The source that the receiver sees, and where the datagram ends once it has arrived.
    private func route(from source: Endpoint, behind nat: ICETestNAT?, to remote: Endpoint) -> (source: Endpoint, site: () -> Site?)? {
        if let nat, sockets[site(remote, nat)] != nil { return (source, { [unowned self] in site(remote, nat) }) }
        guard nat == nil || remote.ip != nat?.ip else { return nil }
        let seen = nat?.outgoing(source, to: remote) ?? source
        guard let other = nats[remote.ip] else { return (seen, { [unowned self] in site(remote, nil) }) }
        return (seen, { [unowned self] in other.incoming(to: remote.port, from: seen).map { site($0, other) } })
    }
}
