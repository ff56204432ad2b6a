public import CausewayConnection
public import CausewayIdentity

/// What a node asks of the part that decides who may connect. A node whose shell accepts no connections needs none.
public protocol ConnectionAdmitting: AnyObject {
    /// Connections that were accepted and are not yet authenticated.
    var pendingLinks: [UInt32] { get }
    var pendingCount: Int { get }
    /// Places and networks that connections are counted for.
    var placeCount: Int { get }
    /// Connections that were turned away since the start.
    var refused: UInt64 { get }
    func isPending(_ link: UInt32) -> Bool
    /// The limit of its place or network that forbids one more connection from there; nil: none does.
    func refusal(of remote: Multiaddr) -> (LimitName, Int)?
    /// A connection was accepted. If there is one too many, somebody is told to go.
    func insert(_ link: UInt32, remote: Multiaddr, local: Multiaddr, in node: NodeState)
    /// Tells of a connection that was turned away.
    func refuse(_ remote: Multiaddr, _ limit: LimitName, _ value: Int, in node: NodeState)
    /// The link is authenticated, and goes on counting for its place; nil: it was not accepted.
    func authenticated(_ link: UInt32) -> ExpectedLink?
    /// The link is over.
    func remove(_ link: UInt32)
    /// Keeps a peer's connections from being pruned until `unprotect` was called with the same tag.
    func protect(_ peer: PeerID, tag: [UInt8])
    func unprotect(_ peer: PeerID, tag: [UInt8])
}
