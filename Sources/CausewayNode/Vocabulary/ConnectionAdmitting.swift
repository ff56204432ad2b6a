public import CausewayConnection
public import CausewayIdentity

/// What a node needs from the part that decides who may connect. A node whose shell accepts no connections needs none.
public protocol ConnectionAdmitting: AnyObject {
    /// Connections that were accepted and are not authenticated yet.
    var pendingLinks: [UInt32] { get }
    var pendingCount: Int { get }
    /// The number of places and networks for which connections are counted.
    var placeCount: Int { get }
    /// The connections that were refused since the start.
    var refused: UInt64 { get }
    func isPending(_ link: UInt32) -> Bool
    /// The limit of its place or network that forbids one more connection from there. nil: none does.
    func refusal(of remote: Multiaddr) -> (LimitName, Int)?
    /// A connection was accepted. If there is one too many, one is closed.
    func insert(_ link: UInt32, remote: Multiaddr, local: Multiaddr, in node: NodeState)
    /// Reports a refused connection.
    func refuse(_ remote: Multiaddr, _ limit: LimitName, _ value: Int, in node: NodeState)
    /// The link is authenticated, and continues to count for its place. nil: it was not accepted.
    func authenticated(_ link: UInt32) -> ExpectedLink?
    /// The link is closed.
    func remove(_ link: UInt32)
    /// Protects a peer's connections from being pruned until `unprotect` is called with the same tag.
    func protect(_ peer: PeerID, tag: [UInt8])
    func unprotect(_ peer: PeerID, tag: [UInt8])
}
