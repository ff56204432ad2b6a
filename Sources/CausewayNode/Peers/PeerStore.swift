public import CausewayConnection
public import CausewayIdentity

/// What is known of other peers: addresses with their expiry, and what identify told. Bounded in peers, addresses and protocol ids.
public final class PeerStore {
    private let limits: NodeLimits
    private var descriptions: [[UInt8]: PeerDescription] = [:]
    private var addresses: [[UInt8]: [Multiaddr]] = [:]

    public init(limits: NodeLimits) { self.limits = limits }

    /// What identify told of a peer.
    public func description(of peer: PeerID) -> PeerDescription? { descriptions[peer.bytes] }

    public func describe(_ description: PeerDescription) { descriptions[description.peer.bytes] = description }

    /// Addresses (without `/p2p/<peer>`) heard of a peer: by discovery, identify or the application.
    public func add(_ new: [Multiaddr], of peer: PeerID, now: Instant) {
        var known = addresses[peer.bytes] ?? []
        for address in new where !known.contains(address) && known.count < limits.addressesPerPeer { known.append(address) }
        addresses[peer.bytes] = known
    }

    public func addresses(of peer: PeerID, now: Instant) -> [Multiaddr] { addresses[peer.bytes] ?? [] }
}
