/// Ports to try, none twice.
struct PortWalk: Equatable {
    /// Ports below belong to services, and NATs give none of them.
    static let lowest = 1024
    static let count = 65_536 - lowest

    private(set) var left: Int
    private var place: Int
    private let step: Int

    /// The ports behind one, in order.
    init(behind port: UInt16, count: Int) {
        left = count
        place = Int(port) - Self.lowest
        step = 1
    }

    /// Ports anywhere, beginning with any. They spread evenly from the first on, as each step is the golden ratio of all: so a NAT that
    /// keeps to a block of ports is met as well. Without a factor in common with the number of ports (2, 3 and 7), it comes to all of them.
    init(random: UInt64, count: Int) {
        left = count
        place = Int(random % UInt64(Self.count))
        step = 39_871
    }

    mutating func next() -> UInt16? {
        guard left > 0 else { return nil }
        left -= 1
        place = (place + step + Self.count) % Self.count
        return UInt16(Self.lowest + place)
    }
}
