import CausewayIdentity

@testable import CausewayWebRTC

/// Two associations and the path between them, in virtual time. All that happens to a packet follows from the seed.
final class AssociationNetwork {
    struct Path {
        /// One way.
        var delay = Interval.milliseconds(10)
        /// Of a thousand packets.
        var lost = 0
        var duplicated = 0
        /// Of a thousand packets, and how much later they come.
        var late = 0
        var lateness = Interval.milliseconds(0)
        /// Bytes a second, and how many bytes may wait; nil: no limit.
        var rate: Int?
        var queue = 64 << 10
    }

    private struct Packet {
        let at: Instant
        let order: Int
        let toRight: Bool
        let bytes: [UInt8]
    }

    let left: AssociationEnd
    let right: AssociationEnd
    var path: Path
    private(set) var now = Instant(nanoseconds: 1_000_000_000)
    private var packets: [Packet] = []
    private var order = 0
    private var progress = Instant(nanoseconds: 0)
    private var random: Dice
    private(set) var sent = 0
    private var busyUntil = [Instant(nanoseconds: 0), Instant(nanoseconds: 0)]
    /// Changes packets on their way.
    var mutate: ((_ bytes: [UInt8]) -> [UInt8])?
    /// Sees every packet before it goes; false: it is lost.
    var filter: ((_ bytes: [UInt8], _ toRight: Bool) -> Bool)?

    init(seed: UInt64 = 1, path: Path = Path(), left: AssociationSettings = AssociationSettings(), right: AssociationSettings? = nil) {
        random = Dice(seed: seed)
        self.path = path
        self.left = AssociationEnd(left, seed: seed &* 2 &+ 1)
        self.right = AssociationEnd(right ?? left, seed: seed &* 2 &+ 2)
    }

    /// Both begin, as in WebRTC, and the network runs until both stand.
    func connect(within limit: Interval = .seconds(30)) {
        left.association.connect(at: now)
        right.association.connect(at: now)
        run(for: limit) { self.left.isConnected && self.right.isConnected }
    }

    /// Lets time pass, until `isDone` or for `limit`.
    /// - Returns: whether it was done.
    @discardableResult
    func run(for limit: Interval, until isDone: () -> Bool = { false }) -> Bool {
        let end = now + limit
        var turns = 0
        while true {
            turns = progress == now ? turns + 1 : 0
            progress = now
            precondition(turns < 10000, "time stands still, because an association's deadline does not move")
            flush(left, toRight: true)
            flush(right, toRight: false)
            if isDone() { return true }
            let next = min(
                packets.first?.at ?? .distantFuture, min(left.association.nextDeadline, right.association.nextDeadline))
            guard next <= end else {
                now = end
                return isDone()
            }
            now = max(now, next)
            step()
        }
    }

    private func step() {
        while let packet = packets.first, packet.at <= now {
            removeFirst()
            (packet.toRight ? right : left).receive(packet.bytes, at: now)
        }
        for end in [left, right] where end.association.nextDeadline <= now {
            end.association.advance(to: now)
            end.pollEvents()
        }
    }

    private func flush(_ end: AssociationEnd, toRight: Bool) {
        for bytes in end.output(at: now) {
            sent += 1
            if let filter, !filter(bytes, toRight) { continue }
            if random.happens(path.lost) { continue }
            guard let at = departure(of: bytes.count, toRight) else { continue }
            let arrival = at + path.delay + (random.happens(path.late) ? path.lateness : .milliseconds(0))
            insert(Packet(at: arrival, order: next(), toRight: toRight, bytes: mutate?(bytes) ?? bytes))
            if random.happens(path.duplicated) { insert(Packet(at: arrival, order: next(), toRight: toRight, bytes: bytes)) }
        }
    }

    /// When the last bit has left; nil: too much waits already.
    private func departure(of count: Int, _ toRight: Bool) -> Instant? {
        guard let rate = path.rate else { return now }
        let side = toRight ? 0 : 1
        let start = max(now, busyUntil[side])
        guard Int((start - now).nanoseconds) * rate / 1_000_000_000 <= path.queue else { return nil }
        busyUntil[side] = start + Interval(nanoseconds: UInt64(count) * 1_000_000_000 / UInt64(rate))
        return busyUntil[side]
    }

    private func next() -> Int {
        order += 1
        return order
    }

    // A heap, earliest first.

    private func insert(_ packet: Packet) {
        packets.append(packet)
        var child = packets.count - 1
        while child > 0, precedes(packets[child], packets[(child - 1) / 2]) {
            packets.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    private func removeFirst() {
        packets.swapAt(0, packets.count - 1)
        packets.removeLast()
        var parent = 0
        while parent * 2 + 1 < packets.count {
            var child = parent * 2 + 1
            if child + 1 < packets.count, precedes(packets[child + 1], packets[child]) { child += 1 }
            guard precedes(packets[child], packets[parent]) else { break }
            packets.swapAt(child, parent)
            parent = child
        }
    }

    private func precedes(_ a: Packet, _ b: Packet) -> Bool { a.at < b.at || a.at == b.at && a.order < b.order }
}
