import CausewayConnection
import CausewayIdentity

/// The ids of messages that were verified and handled, for a time counted from the first copy. Full, it forgets the oldest.
struct SeenCache {
    private struct Entry {
        let id: [UInt8]
        let expires: Instant
    }

    private let lifetime: Interval
    private let limit: Int
    private var ids = BytesSet()
    private var order = FIFO<Entry>()

    init(lifetime: Interval, limit: Int) {
        self.lifetime = lifetime
        self.limit = limit
    }

    var count: Int { order.count }

    func contains(_ id: [UInt8]) -> Bool { ids.contains(id) }

    mutating func insert(_ id: [UInt8], now: Instant) {
        forget(now: now)
        guard ids.insert(id) else { return }
        order.append(Entry(id: id, expires: now + lifetime))
    }

    mutating func forget(now: Instant) {
        while let oldest = order.first, oldest.expires <= now || order.count >= limit {
            ids.remove(oldest.id)
            order.removeFirst()
        }
    }
}
