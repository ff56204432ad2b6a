import CausewayConnection
import CausewayIdentity

/// The ids of messages that were verified and handled, kept for a time from the first copy on. When it is full, it forgets the oldest.
final class SeenCache {
    private final class Entry {
        let id: [UInt8]
        let expires: Instant

        init(_ id: [UInt8], expires: Instant) {
            self.id = id
            self.expires = expires
        }
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

    func insert(_ id: [UInt8], now: Instant) {
        forget(now: now)
        if ids.insert(id) { order.append(Entry(id, expires: now + lifetime)) }
    }

    func forget(now: Instant) {
        while let oldest = order.first, oldest.expires <= now || order.count >= limit {
            ids.remove(oldest.id)
            order.removeFirst()
        }
    }
}
