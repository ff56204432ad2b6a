public import CausewayConnection
public import CausewayIdentity

/// What a node needs from its relay part, so that a node that is no relay does not link it.
public protocol CircuitServing: NodeProtocol {
    /// The relay's counts.
    var counts: RelayCounters { get }
    /// The current reservations, at most `count`. Those that end first are at the front.
    func places(atMost count: Int, now: Instant) -> [ReservationSlot]
    /// A peer's reservation.
    func place(of peer: PeerID, now: Instant) -> ReservationSlot?
    /// The current circuits, at most `count`, the oldest first.
    func runningCircuits(atMost count: Int, now: Instant) -> [RelayedCircuit]
    /// A circuit has ended. `sent`: the bytes from its source to its target. `returned`: those from target to source. `limit`: the limit
    /// that ended it.
    func spliceEnded(circuit: UInt32, sent: UInt64, returned: UInt64, limit: LimitName?, in node: NodeContext)
}
