public import CausewayConnection
public import CausewayIdentity

/// What a node asks of the relay that it may be, so that a node that is none needs nothing of it.
public protocol CircuitServing: NodeProtocol {
    /// What it has and had to do.
    var counts: HopCounts { get }
    /// The reservations now, those that end first at the front, `count` of them at most.
    func places(atMost count: Int, now: Instant) -> [RelayPlace]
    /// A peer's reservation.
    func place(of peer: PeerID, now: Instant) -> RelayPlace?
    /// The circuits that run now, the oldest first, `count` of them at most.
    func runningCircuits(atMost count: Int, now: Instant) -> [RelayedCircuit]
    /// A circuit is over. `sent` are the bytes from its source to its target, `returned` those back; `limit`: the one that ended it.
    func spliceEnded(circuit: UInt32, sent: UInt64, returned: UInt64, limit: LimitName?, in node: NodeState)
}
