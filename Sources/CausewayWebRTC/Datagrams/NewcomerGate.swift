public import CausewayIdentity

/// Says which strangers may begin an association at a listener, and which have had their time.
///
/// Its owner asks it first, then the demultiplexer, which says who has to make room. It reports to the gate when an association
/// begins, ends, or has proven who its remote is.
public struct NewcomerGate: ~Copyable {
    private struct Newcomer {
        let id: UInt32
        let deadline: Instant
    }

    private let limits: NewcomerLimits
    private var all: Allowance
    private var places: PlaceAllowances
    /// When each has had its time.
    private var deadlines = Table<UInt32, Instant>()
    /// In the order of their deadlines; those that are through are removed when they are the first. `all` bounds how many there are.
    private var queue: [Newcomer] = []

    public init(_ limits: NewcomerLimits = NewcomerLimits()) {
        self.limits = limits
        all = Allowance(atOnce: limits.burst, perSecond: limits.perSecond)
        places = PlaceAllowances(
            Allowance(atOnce: limits.burstPerPlace, perSecond: limits.perSecondPerPlace), places: limits.places)
    }

    /// Associations that are in set-up.
    public var count: Int { deadlines.count }
    /// Places that are remembered.
    public var placeCount: Int { places.count }

    /// Whether a stranger may begin an association now. Who is over its own place's allowance takes nothing from that of all.
    public mutating func admits(_ remote: Endpoint, now: Instant) -> Bool { places.take(of: remote, at: now) && all.take(at: now) }

    /// An association was begun; its time runs.
    public mutating func began(_ id: UInt32, now: Instant) {
        let deadline = now + limits.setUpTime
        deadlines[id] = deadline
        queue.append(Newcomer(id: id, deadline: deadline))
    }

    /// An association is over, or has proven who its remote is. Does nothing if it is not in set-up.
    public mutating func ended(_ id: UInt32) {
        deadlines[id] = nil
        removeEnded()
    }

    /// When the time of the first is over.
    public var nextDeadline: Instant { queue.first?.deadline ?? .distantFuture }

    /// An association that has had its time; the call takes it out of set-up. nil: there is none.
    public mutating func expired(now: Instant) -> UInt32? {
        guard let first = queue.first, first.deadline <= now else { return nil }
        ended(first.id)
        return first.id
    }

    private mutating func removeEnded() {
        let standing = queue.firstIndex { deadlines[$0.id] == $0.deadline } ?? queue.count
        queue.removeFirst(standing)
    }
}
