public import CausewayConnection
public import CausewayIdentity

// The node's state at this moment, for status pages and logs.
extension Node {
    /// The reservations that this relay has granted. Those that end first are at the front.
    public func relayPlaces(atMost count: Int, now: Instant) -> [RelayPlace] { parts.relay?.places(atMost: count, now: now) ?? [] }

    /// A peer's reservation at this relay.
    public func relayPlace(of peer: PeerID, now: Instant) -> RelayPlace? { parts.relay?.place(of: peer, now: now) }

    /// The circuits through this relay, the oldest first.
    public func relayedCircuits(atMost count: Int, now: Instant) -> [RelayedCircuit] {
        parts.relay?.runningCircuits(atMost: count, now: now) ?? []
    }

    /// The topics that the application or discovery has joined, in the order of joining.
    public var joinedTopics: [[UInt8]] { parts.gossip?.joinedTopics ?? [] }
}
