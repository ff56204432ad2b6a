import CausewayIdentity
import CausewayWebRTC
import FuzzDriver

@testable import CausewayTLS

/// A handshake of two sessions over a path that loses, repeats, reorders and changes datagrams, with others' in between, as the input says:
/// a byte for what is done, one for how many bytes follow, and these. Whatever comes, a session keeps little and trusts nobody else's
/// certificate; what it lets through is what the other side has sealed.
func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let input = UnsafeRawBufferPointer(start: start, count: count)
    var screen = HandshakeScreen(DTLSLimits())
    precondition(screen.examine(input) != .taken || count <= DTLSLimits().handshakeBytes)
    let path = Path()
    var position = 0
    while input.count - position >= 2 {
        let size = min(Int(input[position + 1]), input.count - position - 2)
        path.step(input[position], [UInt8](input[position + 2..<position + 2 + size]))
        position += 2 + size
        path.check()
    }
    return 0
}

private let contexts: [DTLSContext] = (0..<2).map { _ in
    try! DTLSContext(DTLSCertificate(now: 1_800_000_000, lifetime: 1_000_000))
}
private let packet = [UInt8](repeating: 0x5a, count: 40)

private final class Path {
    /// The client, then the server.
    private let sessions: [any DTLSEngine]
    /// On their way, by the side that they go to; and all that were sent.
    private var flights: [[[UInt8]]] = [[], []]
    private var old: [[UInt8]] = []
    private var room = [UInt8](repeating: 0, count: DTLSLimits.packet + DTLSLimits.overhead)
    private var now = Instant(nanoseconds: 1)

    init() {
        sessions = [
            try! contexts[0].makeEngine(.client, trusting: .fingerprints([contexts[1].fingerprint]), now: now),
            try! contexts[1].makeEngine(.server, trusting: .anyone, now: now),
        ]
        collect()
    }

    func step(_ what: UInt8, _ body: [UInt8]) {
        let side = Int(what >> 7)
        let number = Int(body.first ?? 0)
        switch what & 15 {
        case 0...3: for _ in 0...number & 3 where !flights[side].isEmpty { arrive(flights[side].removeFirst(), at: side) }
        case 4: if !flights[side].isEmpty { flights[side].removeFirst() }
        case 5: if !old.isEmpty { arrive(old[number % old.count], at: side) }
        case 6: if flights[side].count > 1 { flights[side].swapAt(0, number % flights[side].count) }
        case 7, 8: change(side, body)
        case 9: arrive(body, at: side)
        case 10: arrive(Self.record(body), at: side)
        case 11: advance(.milliseconds(UInt64(number) * 20))
        case 12: seal(side)
        case 13: if number == 7 { sessions[side].close() }
        case 14: if old.count > 1 { arrive(old[number % old.count] + old[Int(body.last ?? 0) % old.count], at: side) }
        default: advance(.milliseconds(1))
        }
        collect()
    }

    /// Changes the first datagram in a few places, each named by two bytes, and lets it arrive.
    private func change(_ side: Int, _ body: [UInt8]) {
        guard !flights[side].isEmpty else { return }
        var datagram = flights[side].removeFirst()
        for index in stride(from: 0, to: body.count - 2, by: 3) {
            let place = (Int(body[index]) << 8 | Int(body[index + 1])) % datagram.count
            datagram[place] ^= body[index + 2]
        }
        if body.count % 3 == 2, datagram.count > 1 { datagram.removeLast(datagram.count * Int(body[body.count - 1]) / 256) }
        arrive(datagram, at: side)
    }

    /// A record with a right length: kind, epoch and sequence number come first.
    private static func record(_ body: [UInt8]) -> [UInt8] {
        guard body.count >= 3 else { return body }
        let content = body.count - 3
        let head = [20 + body[0] % 5, 0xfe, 0xfd, 0, body[1] & 3, 0, 0, 0, 0, 0, body[2], UInt8(content >> 8), UInt8(content & 255)]
        return head + body[3...]
    }

    private func arrive(_ datagram: [UInt8], at side: Int) {
        var datagram = datagram
        datagram.withUnsafeMutableBytes { bytes in
            sessions[side].receive(bytes, now: now)
            while let content = sessions[side].nextPacket() {
                precondition([UInt8](content) == packet, "nobody has sealed it")
            }
        }
    }

    private func seal(_ side: Int) {
        let size = packet.withUnsafeBytes { packet in room.withUnsafeMutableBytes { sessions[side].seal(packet, into: $0) } }
        precondition((size != nil) == (sessions[side].state == .established))
        if let size { send([UInt8](room[..<size]), from: side) }
    }

    private func send(_ datagram: [UInt8], from side: Int) {
        flights[1 - side].append(datagram)
        if old.count < 64 { old.append(datagram) }
    }

    private func advance(_ time: Interval) {
        now = now + time
        for session in sessions { session.advance(now: now) }
    }

    private func collect() {
        for side in 0..<2 {
            var count = 0
            while let size = room.withUnsafeMutableBytes({ sessions[side].pollDatagram(into: $0) }) {
                precondition(size <= DTLSLimits.datagram && size > 0)
                send([UInt8](room[..<size]), from: side)
                count += 1
            }
            precondition(count <= FlightQueue.mostWaiting, "more waits than may")
        }
    }

    func check() {
        for (index, session) in sessions.enumerated() {
            let isKnown = session.remoteFingerprint == nil || session.remoteFingerprint == contexts[1 - index].fingerprint
            precondition(isKnown, "a certificate that nobody has")
            precondition(session.state != .established || session.remoteFingerprint != nil)
            precondition(session.state == .handshaking || session.nextDeadline == .distantFuture)
        }
    }
}

// SwiftPM calls an executable's entry by this name; libFuzzer's own `main` is left aside.
@_cdecl("FuzzDTLS_main")
public func entry(_ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> CInt {
    runFuzzer(count, arguments, fuzz)
}
