import CausewayIdentity
import CausewayNode
import FuzzDriver

@testable import CausewayLocalNetwork

/// The input is what a gateway sends, each message behind its length, with the time that passes before it: a datagram by PCP or NAT-PMP, an
/// answer to the search by UPnP, a piece of an answer by HTTP or its end, as the time's lowest bits say. Whatever that is, a node asks no
/// more than so often and nobody but the gateway, every change has a reason, and the end comes.
func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let input = [UInt8](UnsafeRawBufferPointer(start: start, count: count))
    if let answer = PCP.Answer(input) { precondition(NATPMP.Answer(input) == nil && input[0] == 2, "two versions: \(answer)") }
    for _ in XMLElements(input) {}
    var gateway = Gateway()
    var index = 0
    while input.count - index >= 2 {
        let length = min(Int(input[index]), input.count - index - 2)
        let time = UInt64(input[index + 1] >> 2)
        gateway.pass(.seconds(time * time))
        gateway.receive(Array(input[index + 2..<index + 2 + length]), input[index + 1] & 3)
        index += 2 + length
    }
    gateway.end()
    return 0
}

private struct Gateway {
    let limits = PortMappingLimits()
    let mapping: PortMapping
    var now = Instant(nanoseconds: 1_000_000_000)
    var mapped: Set<MappedPort> = []
    var isReleased = false

    init() {
        mapping = PortMapping(
            from: [192, 168, 1, 7], to: [192, 168, 1, 1], nonce: [UInt8](repeating: 7, count: PortMapping.nonceSize), now: now)
        mapping.setPorts([MappedPort(.tcp, 1), MappedPort(.udp, 2)], now: now)
        _ = settle()
    }

    mutating func pass(_ time: Interval) {
        let end = now + time
        var sent = 0
        while mapping.nextDeadline <= end {
            now = max(now, mapping.nextDeadline)
            mapping.advance(to: now)
            sent += settle()
        }
        // Each port asks so often, then has its peace; the gateway itself is asked at most as often.
        precondition(sent <= 60 + Int(time.seconds), "asked \(sent) times in \(time.seconds) s")
        now = end
    }

    mutating func receive(_ bytes: [UInt8], _ kind: UInt8) {
        switch kind {
        case 0:
            mapping.received(bytes, now: now)
            mapping.announced(bytes, now: now)
        case 1: mapping.found(bytes, from: Endpoint(ip: [192, 168, 1, 1], port: 1900)!, now: now)
        case 2: mapping.exchanged(bytes, now: now)
        default: mapping.exchangeEnded(now: now)
        }
        precondition(settle() <= 8, "an answer to an answer")
    }

    mutating func end() {
        mapping.release(now: now)
        _ = settle()
        pass(max(limits.release, limits.releaseUPnP))
        precondition(isReleased && mapping.nextDeadline == .distantFuture)
    }

    mutating func settle() -> Int {
        var sent = 0
        while let output = mapping.pollOutput() {
            switch output {
            case .send(let bytes):
                precondition(bytes.count <= 60)
                sent += 1
            case .upnp(.search): sent += 1
            case .upnp(.connect(let endpoint, let request)):
                precondition(endpoint.ip == [192, 168, 1, 1] && endpoint.port != 0 && request.count < 2048)
                sent += 1
            case .upnp(.disconnect): break
            case .released: isReleased = true
            case .changed(let change): note(change)
            }
        }
        return sent
    }

    mutating func note(_ change: PortMappingChange) {
        switch change.state {
        case .mapped(let external, let until), .renewed(let external, let until):
            mapped.insert(change.port)
            precondition(external.port != 0 && until >= now && until - now <= .seconds(UInt64(limits.longestLifetime)))
            precondition(Multiaddr.tcp(ip: external.ip, port: 1).reach == .public)
        case .lost: precondition(mapped.remove(change.port) != nil, "lost what it never had")
        case .refused: precondition(!mapped.contains(change.port))
        }
    }
}

// SwiftPM calls an executable's entry by this name; libFuzzer's own `main` is left aside.
@_cdecl("FuzzPortMapping_main")
public func entry(_ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> CInt {
    runFuzzer(count, arguments, fuzz)
}
