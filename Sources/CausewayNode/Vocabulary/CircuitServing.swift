public import CausewayConnection

/// What a node asks of the relay that it may be, so that a node that is none needs nothing of it.
public protocol CircuitServing: NodeProtocol {
    /// What it has and had to do.
    var counts: HopCounts { get }
    /// A circuit is over. `sent` are the bytes from its source to its target, `returned` those back; `limit`: the one that ended it.
    func spliceEnded(circuit: UInt32, sent: UInt64, returned: UInt64, limit: LimitName?, in node: NodeState)
}
