public import CausewayConnection
public import CausewayIdentity

/// What a node needs from the part that decides who may connect. A node whose shell accepts no connections needs none.
public protocol ConnectionGating: NodeProtocol {
    /// The number of connections that were accepted and are not authenticated yet.
    var pendingCount: Int { get }
    /// The number of places and networks for which connections are counted.
    var placeCount: Int { get }
    /// The connections that were refused since the start.
    var refused: UInt64 { get }
    /// The limit of its place or network that forbids one more connection from there. nil: none does.
    func refusal(of remote: Multiaddr) -> (LimitName, Int)?
    /// A connection was accepted. If there is one too many, one is closed.
    func insert(_ link: UInt32, remote: Multiaddr, local: Multiaddr, in node: NodeContext)
    /// Reports a refused connection.
    func refuse(_ remote: Multiaddr, _ limit: LimitName, _ value: Int, in node: NodeContext)
}
