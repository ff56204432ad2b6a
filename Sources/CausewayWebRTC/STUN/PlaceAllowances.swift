import CausewayIdentity

/// An allowance for each place, for as many places as fit into two tables. A full table becomes the previous one, and the one before is
/// forgotten: its places have their whole burst again, which the allowance of all together bounds.
struct PlaceAllowances: ~Copyable {
    private let fresh: Allowance
    private let places: Int
    private var present = BytesTable<Allowance>()
    private var previous = BytesTable<Allowance>()

    /// - Parameters:
    ///   - fresh: what a place has that is not remembered.
    ///   - places: how many each of both tables holds.
    init(_ fresh: Allowance, places: Int) {
        self.fresh = fresh
        self.places = places
    }

    var count: Int { present.count + previous.count }

    mutating func take(of remote: Endpoint, at now: Instant) -> Bool {
        let place = remote.place
        var allowance = present[place] ?? previous[place] ?? fresh
        let isAllowed = allowance.take(at: now)
        if present.count >= places, present[place] == nil {
            swap(&previous, &present)
            present = BytesTable<Allowance>()
        }
        present[place] = allowance
        return isAllowed
    }
}

extension Endpoint {
    /// The IPv4 address, or the IPv6 /56 of a household.
    fileprivate var place: [UInt8] { isIPv4 ? ip : [UInt8](ip[0..<7]) }
}
