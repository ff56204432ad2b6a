import CausewayConnection
import CausewayIdentity
import CausewayNode

/// A link of the page's node, from the attempt to connect to its end.
final class WebLink {
    let id: UInt32
    /// The address that a WebSocket is opened to; nil: it runs over a circuit.
    let address: Multiaddr?
    let expecting: PeerID?
    /// Set when the transport stands.
    var link: Link?
    /// The page's WebSocket has much to send still.
    var isBlocked = false
    var isQueued = false

    init(_ id: UInt32, address: Multiaddr? = nil, expecting: PeerID? = nil) {
        self.id = id
        self.address = address
        self.expecting = expecting
    }

    /// Hands what the link wants sent to the page's WebSocket. True if there was something.
    func flush() -> Bool {
        guard address != nil, !isBlocked, let link, !link.connection.wire.isEmpty else { return false }
        WebEvent.socketSend.tell(id, 0, link.connection.wire.bytes)
        link.connection.wireTaken(link.connection.wire.count)
        return true
    }
}
