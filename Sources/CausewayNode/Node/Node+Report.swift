import CausewayConnection
public import CausewayIdentity

// The node's state at this moment, for status pages and logs.
extension Node {
    /// The reservations that this relay has granted. Those that end first are at the front.
    public func relayPlaces(atMost count: Int, now: Instant) -> [ReservationSlot] { services.relay?.places(atMost: count, now: now) ?? [] }

    /// A peer's reservation at this relay.
    public func relayPlace(of peer: PeerID, now: Instant) -> ReservationSlot? { services.relay?.place(of: peer, now: now) }

    /// The circuits through this relay, the oldest first.
    public func relayedCircuits(atMost count: Int, now: Instant) -> [RelayedCircuit] {
        services.relay?.runningCircuits(atMost: count, now: now) ?? []
    }

    /// How connections began, and how many relayed ones became direct. nil: this node does not count.
    public var pathCounts: PathCounts? { services.paths?.counts }

    /// The topics that the application or discovery has joined, in the order of joining.
    public var joinedTopics: [[UInt8]] { services.gossip?.joinedTopics ?? [] }
}
