import CausewayIdentity
import FuzzDriver

@testable import CausewayWebRTC

/// Two ends send, reset and pause, and the path between them loses, repeats and delays packets, as the input says. Each ordered message
/// arrives once, whole and in its order, between the resets where it was sent; each unordered one once.
func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let input = UnsafeBufferPointer(start: start, count: min(count, 600))
    let path = Path()
    path.settle()
    guard path.ends[0].isConnected, path.ends[1].isConnected else { preconditionFailure("no association") }
    var position = 0
    while input.count - position >= 2 {
        path.step(input[position], input[position + 1])
        position += 2
    }
    path.settle()
    for side in 0..<2 { path.ends[side].check(against: path.ends[1 - side]) }
    return 0
}

/// One end, with what it has sent and what has come, by stream. nil is a reset.
private final class End {
    let association: Association
    var sent: [UInt16: [[UInt8]?]] = [:]
    var came: [UInt16: [[UInt8]?]] = [:]
    var sentUnordered: [[UInt8]] = []
    var cameUnordered: [[UInt8]] = []
    var resetting: Set<UInt16> = []
    var isConnected = false
    var pauses = false
    /// Taken when it goes on.
    private var left: [(UInt16, Int)] = []
    private var unfinished: [UInt16: [UInt8]] = [:]
    private var unfinishedUnordered: [UInt8] = []

    init(_ seed: UInt8) {
        var settings = AssociationSettings()
        (settings.limits.receiveWindow, settings.limits.messageBytes, settings.limits.sendBuffer) = (30_000, 20_000, 60_000)
        // A reader may pause for long, and a path lose everything.
        settings.limits.starvation = .seconds(1 << 30)
        settings.limits.retransmissions = 1 << 30
        association = Association(settings, entropy: [UInt8](repeating: seed, count: 32))
    }

    func poll() {
        while let event = association.pollEvent() {
            switch event {
            case .connected: isConnected = true
            case .part(let part): take(part)
            case .streamReset(let id): came[id.raw, default: []].append(nil)
            case .resetComplete(let id): resetting.remove(id.raw)
            case .streamFailed, .messageAbandoned, .resetRefused, .closed: preconditionFailure("\(event)")
            case .bufferedAmountLow, .roomToSend: break
            }
        }
    }

    private func take(_ part: MessagePart) {
        left.append((part.stream.raw, part.bytes.count))
        if !pauses { goOn() }
        let id = part.stream.raw
        guard part.isOrdered else {
            precondition(part.isFirst == unfinishedUnordered.isEmpty)
            unfinishedUnordered += part.bytes
            guard part.isLast else { return }
            cameUnordered.append(unfinishedUnordered)
            unfinishedUnordered = []
            return
        }
        precondition(part.isFirst == (unfinished[id] == nil), "a message in another")
        unfinished[id, default: []] += part.bytes
        if part.isLast { came[id, default: []].append(unfinished.removeValue(forKey: id)) }
    }

    func goOn() {
        pauses = false
        for (id, count) in left { association.consumed(count, on: StreamID(id)) }
        left = []
    }

    func send(_ size: Int, on id: UInt16, isOrdered: Bool) {
        let number = UInt8(truncatingIfNeeded: sent[id, default: []].count + sentUnordered.count)
        let message = [UInt8](repeating: number, count: size)
        guard (try? association.send(message, on: StreamID(id), as: .binary, isOrdered: isOrdered)) != nil else { return }
        if isOrdered { sent[id, default: []].append(message) } else { sentUnordered.append(message) }
    }

    func reset(_ id: UInt16) {
        guard resetting.insert(id).inserted else { return }
        association.reset(StreamID(id))
        sent[id, default: []].append(nil)
    }

    /// In the end.
    func check(against other: End) {
        precondition(other.came == sent, "ordered messages")
        func sorted(_ messages: [[UInt8]]) -> [[UInt8]] { messages.sorted { $0.lexicographicallyPrecedes($1) } }
        precondition(sorted(other.cameUnordered) == sorted(sentUnordered), "unordered messages")
        precondition(association.reassembly.heldChunks == 0 && association.transmission.isDone && resetting.isEmpty)
        precondition(association.reassembly.window == association.limits.receiveWindow)
    }
}

private final class Path {
    let ends = [End(1), End(2)]
    private var now = Instant(nanoseconds: 1_000_000_000)
    /// On their way, by the side that they go to.
    private var packets: [[[UInt8]]] = [[], []]
    private var buffer = [UInt8](repeating: 0, count: Association.packetSize)

    init() { for end in ends { end.association.connect(at: now) } }

    func step(_ what: UInt8, _ value: UInt8) {
        let side = Int(what >> 7)
        let end = ends[side]
        let stream = UInt16(value & 3)
        switch what & 15 {
        case 0...2: end.send(1 + Int(value >> 2) * 37, on: stream, isOrdered: true)
        case 3: end.send(1 + Int(value >> 2) * 300, on: stream, isOrdered: true)
        case 4: end.send(1 + Int(value >> 2) * 150, on: stream, isOrdered: false)
        case 5: end.reset(stream)
        case 6: end.pauses = true
        case 7: end.goOn()
        case 8: if !packets[side].isEmpty { packets[side].remove(at: Int(value) % packets[side].count) }
        case 9: if !packets[side].isEmpty { packets[side].append(packets[side][Int(value) % packets[side].count]) }
        case 10: if packets[side].count > 1 { packets[side].swapAt(0, Int(value) % packets[side].count) }
        case 11, 12: for _ in 0...value & 7 where !packets[side].isEmpty { arrive(packets[side].removeFirst(), at: side) }
        case 13: advance(.milliseconds(UInt64(value) * 8))
        default: collect()
        }
        for end in ends { end.poll() }
        if what & 0x40 != 0 { collect() }
    }

    /// From here on every packet arrives, until nothing is left to be sent.
    func settle() {
        for end in ends { end.goOn() }
        for _ in 0..<20_000 {
            collect()
            var isQuiet = true
            for side in 0..<2 {
                for packet in packets[side] { arrive(packet, at: side) }
                isQuiet = isQuiet && packets[side].isEmpty
                packets[side] = []
            }
            let isDone = ends.allSatisfy { $0.association.transmission.isDone && $0.resetting.isEmpty && $0.isConnected }
            if isQuiet, isDone { return }
            if isQuiet { advance(.milliseconds(50)) }
        }
        preconditionFailure("it never comes to rest")
    }

    private func collect() {
        for side in 0..<2 {
            while let size = buffer.withUnsafeMutableBytes({ ends[side].association.pollOutput(into: $0, at: now) }) {
                packets[1 - side].append([UInt8](buffer[..<size]))
                precondition(packets[1 - side].count < 20_000, "it does not stop sending")
            }
        }
    }

    private func arrive(_ packet: [UInt8], at side: Int) {
        packet.withUnsafeBytes { bytes in
            ends[side].association.receive(bytes, at: now)
            ends[side].poll()
        }
    }

    private func advance(_ time: Interval) {
        now = now + time
        for end in ends {
            end.association.advance(to: now)
            end.poll()
        }
    }
}

// SwiftPM calls an executable's entry by this name; libFuzzer's own `main` is left aside.
@_cdecl("FuzzSCTPOperations_main")
public func entry(_ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> CInt {
    runFuzzer(count, arguments, fuzz)
}
