import CausewayIdentity
import CausewayNode

@testable import CausewayLocalNetwork

/// A gateway that speaks what it is said to speak. It reads and writes datagrams by itself, so that a mistake in the codecs shows.
final class SimulatedGateway {
    var speaks: Set<GatewayProtocol> = [.pcp, .natPMP]
    var external: [UInt8] = [5, 1, 2, 3]
    /// What it gives, whatever it is asked for; nil: what it is asked for.
    var lifetime: UInt32?
    /// What it adds to the port that it is asked for.
    var shift: UInt16 = 0
    /// A refusal's code instead of mappings.
    var refusal: UInt8 = 0
    /// When it began to remember.
    var bootedAt = Instant(nanoseconds: 0)
    /// What it says instead of the seconds since then.
    var epoch: (() -> UInt32)?
    var isSilent = false
    /// What speaks UPnP there, if anything does.
    var igd: SimulatedIGD?
    /// Changes each answer on its way.
    var twist: (([UInt8]) -> [UInt8]) = { $0 }
    private(set) var requests: [[UInt8]] = []
    /// External ports by what they lead to.
    private(set) var mappings: [MappedPort: UInt16] = [:]

    func restart(at now: Instant) {
        bootedAt = now
        mappings = [:]
    }

    func answer(to request: [UInt8], at now: Instant) -> [[UInt8]] {
        requests.append(request)
        guard !isSilent else { return [] }
        let seconds = epoch?() ?? UInt32((now - bootedAt).seconds)
        switch request[0] {
        case 2 where speaks.contains(.pcp): return [twist(pcp(request, seconds))]
        // RFC 6886, section 3.5: who speaks NAT-PMP alone says so.
        case 2 where speaks.contains(.natPMP): return [twist([0, request[1] | 128, 0, 1] + big(seconds))]
        case 0 where speaks.contains(.natPMP): return [twist(natPMP(request, seconds))]
        default: return []
        }
    }

    /// What it tells all when it has restarted.
    func announcement(at now: Instant) -> [UInt8] {
        let seconds = big(UInt32((now - bootedAt).seconds))
        return speaks.contains(.pcp)
            ? [2, 0x80, 0, 0, 0, 0, 0, 0] + seconds + [UInt8](repeating: 0, count: 12) : [0, 128, 0, 0] + seconds + external
    }

    private func pcp(_ request: [UInt8], _ seconds: UInt32) -> [UInt8] {
        guard request[1] == 1 else { return [2, 0x80, 0, 0] + big(UInt32(0)) + big(seconds) + [UInt8](repeating: 0, count: 12) }
        let asked = UInt32(request[4]) << 24 | UInt32(request[5]) << 16 | UInt32(request[6]) << 8 | UInt32(request[7])
        let number = UInt16(request[40]) << 8 | UInt16(request[41])
        let port = MappedPort(request[36] == 6 ? .tcp : .udp, number)
        let granted = note(port, asked)
        let head: [UInt8] = [2, 0x81, 0, refusal] + big(refusal == 0 ? granted : 30) + big(seconds) + [UInt8](repeating: 0, count: 12)
        return head + request[24..<42] + big(number &+ shift) + (external.count == 16 ? [] : [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff])
            + external
    }

    private func natPMP(_ request: [UInt8], _ seconds: UInt32) -> [UInt8] {
        guard request[1] != 0 else { return [0, 128, 0, 0] + big(seconds) + external }
        let asked = UInt32(request[8]) << 24 | UInt32(request[9]) << 16 | UInt32(request[10]) << 8 | UInt32(request[11])
        let number = UInt16(request[4]) << 8 | UInt16(request[5])
        let port = MappedPort(request[1] == 2 ? .tcp : .udp, number)
        let granted = note(port, asked)
        return [0, request[1] | 128, 0, refusal] + big(seconds) + request[4..<6] + big(asked == 0 ? 0 : number &+ shift) + big(granted)
    }

    private func note(_ port: MappedPort, _ asked: UInt32) -> UInt32 {
        mappings[port] = asked == 0 || refusal != 0 ? nil : port.number &+ shift
        return asked == 0 ? 0 : lifetime ?? asked
    }

    private func big(_ number: some FixedWidthInteger) -> [UInt8] {
        (0..<number.bitWidth / 8).reversed().map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
    }
}

/// A machine and its gateway, in virtual time.
struct MappingRun {
    static let client: [UInt8] = [192, 168, 1, 7]
    static let address: [UInt8] = [192, 168, 1, 1]
    static let nonce: [UInt8] = Array(1...12)
    static let tcp = MappedPort(.tcp, 4001)
    static let udp = MappedPort(.udp, 4001)

    let gateway = SimulatedGateway()
    let mapping: PortMapping
    private(set) var now = Instant(nanoseconds: 1_000_000_000_000)
    private(set) var changes: [PortMappingChange] = []
    private(set) var isReleased = false

    init(_ limits: PortMappingLimits = PortMappingLimits(), from client: [UInt8] = client) {
        mapping = PortMapping(from: client, to: Self.address, nonce: Self.nonce, limits: limits, now: now)
    }

    mutating func map(_ ports: [MappedPort] = [tcp, udp]) {
        mapping.setPorts(ports, now: now)
        settle()
    }

    mutating func release() {
        mapping.release(now: now)
        settle()
    }

    mutating func unreachable() {
        mapping.unreachable(now: now)
        settle()
    }

    mutating func receive(_ bytes: [UInt8]) {
        mapping.received(bytes, now: now)
        settle()
    }

    mutating func announce(_ bytes: [UInt8]) {
        mapping.announced(bytes, now: now)
        settle()
    }

    /// Lets time pass. An answer takes no time.
    mutating func pass(_ time: Interval) {
        let end = now + time
        var rounds = 0
        while mapping.nextDeadline <= end {
            now = max(now, mapping.nextDeadline)
            mapping.advance(to: now)
            settle()
            rounds += 1
            precondition(rounds < 100_000, "the machine does not come to rest")
        }
        now = end
    }

    /// Everything that was reported since this was asked last.
    mutating func take() -> [PortMappingChange.State] {
        defer { changes = [] }
        return changes.map(\.state)
    }

    private mutating func settle() {
        while let output = mapping.pollOutput() {
            switch output {
            case .send(let bytes): for answer in gateway.answer(to: bytes, at: now) { mapping.received(answer, now: now) }
            case .upnp(.search(let bytes)):
                for answer in gateway.igd?.answers(toSearch: bytes) ?? [] { mapping.found(answer.bytes, from: answer.from, now: now) }
            case .upnp(.connect(let endpoint, let request)): exchange(endpoint, request)
            case .upnp(.disconnect): break
            case .changed(let change): changes.append(change)
            case .released: isReleased = true
            }
        }
    }

    private mutating func exchange(_ endpoint: Endpoint, _ request: [UInt8]) {
        guard let igd = gateway.igd else { return mapping.exchangeEnded(now: now) }
        let answer = igd.answer(to: request, at: endpoint, now: now)
        for piece in answer.pieces { mapping.exchanged(piece, now: now) }
        if answer.closes { mapping.exchangeEnded(now: now) }
    }
}
