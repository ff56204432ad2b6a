import CausewayIdentity

/// Values by name. The most recently used ones are kept: at least half of `limit`, and at most all of it.
struct RecentTable<Value>: ~Copyable {
    private let limit: Int
    private var newer = BytesTable<Value>()
    private var older = BytesTable<Value>()

    init(limit: Int) { self.limit = limit }

    var count: Int { newer.count + older.count }

    subscript(name: [UInt8]) -> Value? {
        mutating get {
            if let value = newer[name] { return value }
            guard let value = older[name] else { return nil }
            self[name] = value
            return value
        }
        set {
            if newer.count >= limit / 2 { age() }
            newer[name] = newValue
        }
    }

    /// Forgets everything that was not used since the last call.
    mutating func age() {
        swap(&older, &newer)
        newer = BytesTable()
    }
}
