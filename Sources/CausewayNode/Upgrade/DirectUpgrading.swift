public import CausewayConnection
public import CausewayIdentity

/// One way from a relayed connection to a direct one. It makes an attempt when `UpgradeCoordinator` tells it to, and says how the attempt
/// went. When to try, and in which order, is the coordinator's business.
public protocol DirectUpgrading: NodeProtocol {
    /// What stands behind a circuit's address that leads to such a connection. nil: nothing does.
    var circuitForm: Multiaddr? { get }
    /// Whether this side is the one to begin, from this relayed connection.
    func turn(on link: ConnectedLink) -> UpgradeTurn
    /// Whether the peer takes part: identify has named the protocol.
    func isSpoken(by peer: PeerID, in node: NodeContext) -> Bool
    /// Makes one attempt, whose end `NodeContext.upgradeEnded` reports once.
    func upgrade(_ link: ConnectedLink, in node: NodeContext)
}

/// When one side of a relayed connection tries a way.
public enum UpgradeTurn: Sendable {
    /// At once.
    case first
    /// If the remote has not begun after a while.
    case second
    /// The remote alone can.
    case never
}

extension NodeContext {
    /// Reports that an attempt at a direct connection to the peer has ended: by `.connected` when the shell has the new connection, which
    /// `expectLink` has announced.
    /// - Parameter report: how far a peer connection came.
    public func upgradeEnded(_ peer: PeerID, _ result: DialOutcome.Result, _ report: PeerConnectionReport? = nil) {
        wishes.append(.upgradeEnded(peer, result, report))
    }
}
