/// Accepted sockets that have said nothing yet, oldest first.
struct SilentSeats {
    private var order: [UInt32] = []
    private var first = 0
    private(set) var count = 0

    /// Enters `id`, once. Returns the oldest one if there are too many: drop it and call again.
    mutating func admit(_ id: UInt32, limit: Int, isSilent: (UInt32) -> Bool) -> UInt32? {
        if order.last != id {
            order.append(id)
            count += 1
        }
        while first < order.count, !isSilent(order[first]) { first += 1 }
        if first > 512, first * 2 > order.count {
            order.removeFirst(first)
            first = 0
        }
        guard count > limit, first < order.count, order[first] != id else { return nil }
        return order[first]
    }

    /// One of them spoke, or is gone.
    mutating func spoke() { count -= 1 }
}
