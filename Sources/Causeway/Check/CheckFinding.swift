/// What a check can find.
public enum CheckFinding: String, Sendable, CaseIterable {
    // This machine and its relays.
    /// No address leads out of this machine.
    case noNetwork
    /// Neither a relay nor a STUN server was named.
    case nobodyAsked
    /// None of the relays was reached.
    case relayUnreachable
    /// Those that were reached are no relays.
    case noRelay
    /// No relay gives this node a place, and there is a NAT, so nobody reaches it.
    case noPlace
    /// This machine's clock, or the relay's, is wrong.
    case clockWrong
    /// All that answered are in this machine's own network, so nothing is known of the way out of it.
    case localOnly
    /// No relay offers to tell how UDP gets through.
    case udpUnasked
    /// UDP does not get through.
    case udpBlocked
    /// The NAT shows each remote another endpoint.
    case dependentMapping
    /// The same, and the provider has a NAT of its own.
    case carrierMapping
    /// There is a NAT, of which one server alone cannot say how it maps.
    case mappingUnknown
    /// There is a NAT that shows all remotes the same endpoint.
    case directMostly
    /// There is no NAT.
    case publicAddress
    /// There is no NAT, and no relay gives this node a place.
    case publicAddressOnly

    // A peer.
    /// The connection is direct.
    case peerDirect
    /// The connection is relayed, and nothing has failed so far.
    case peerStillRelayed
    /// The peer's software offers no way to a direct connection.
    case peerOffersNoUpgrade
    /// The peer has not answered the offer of a direct connection.
    case peerAnswersNoOffer
    /// The peer names no address at which it could be reached.
    case peerNamesNoAddress
    /// No UDP gets out of this side.
    case peerBlockedHere
    /// This side's NAT shows each remote another endpoint.
    case peerBlockedByOwnNAT
    /// It fails, and not because of this side's NAT.
    case peerBlockedThere
    /// It fails, and it is not known on whose side.
    case peerBlocked
    /// There is a path, and the connection over it breaks off.
    case peerPathBreaks
    /// There is no connection at all.
    case peerUnreachable

    public var summary: CheckVerdict.Summary {
        switch self {
        case .directMostly, .publicAddress, .peerDirect: .green
        case .nobodyAsked, .clockWrong, .localOnly, .udpUnasked, .udpBlocked, .dependentMapping, .carrierMapping, .mappingUnknown,
            .publicAddressOnly,
            .peerStillRelayed, .peerOffersNoUpgrade, .peerAnswersNoOffer, .peerNamesNoAddress, .peerBlockedHere, .peerBlockedByOwnNAT,
            .peerBlockedThere, .peerBlocked, .peerPathBreaks:
            .orange
        case .noNetwork, .relayUnreachable, .noRelay, .noPlace, .peerUnreachable: .red
        }
    }
}
