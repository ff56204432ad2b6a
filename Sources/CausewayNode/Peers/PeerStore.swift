
/// What is known of other peers: addresses with their expiry, and what identify told. Bounded in peers, addresses and protocol ids.
public final class PeerStore {
    private let limits: NodeLimits

    public init(limits: NodeLimits) { self.limits = limits }
}
