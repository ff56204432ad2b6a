import CausewayIdentity
import CausewayNode

/// What the parts of the local network's side need of their node's shell. All on the first loop.
protocol LocalNetworkHost: AnyObject {
    var loop: EventLoop { get }
    var peerID: PeerID { get }
    /// Where the node listens.
    var bound: [Multiaddr] { get }
    /// This machine slept or is in another network. `bound` follows at once.
    func networkChanged(_ change: NetworkChange)
    /// A gateway began or ceased to forward a port, or refuses to; all addresses that are mapped now, nil: the same as before.
    func portMappingChanged(_ change: PortMappingChange, _ addresses: [OwnAddress]?)
    /// A peer says that it is there.
    func found(_ peer: PeerID, _ addresses: [Multiaddr])
}
