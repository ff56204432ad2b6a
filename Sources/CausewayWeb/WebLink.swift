import CausewayConnection
import CausewayIdentity

/// A link of the page's node, from the connection attempt to its end.
final class WebLink {
    /// What carries its bytes.
    enum Carrier { case webSocket, circuit, peerConnection }

    let id: UInt32
    let carrier: Carrier
    /// The address that was dialled. nil: none was.
    let address: Multiaddr?
    let expecting: PeerID?
    /// Set when the transport is connected, until the link has ended.
    var link: Link?
    /// What the link drives: bytes, or data channels.
    var connection: Connection?
    var channels: DataChannelConnection?
    /// Whether the page's WebSocket still has much to send.
    var isBlocked = false
    /// Whether the link has work for the next turn.
    var isDirty = false

    init(_ id: UInt32, _ carrier: Carrier, address: Multiaddr? = nil, expecting: PeerID? = nil) {
        self.id = id
        self.carrier = carrier
        self.address = address
        self.expecting = expecting
    }

    /// Gives the page what the link wants to send. Returns whether there was something.
    func flush() -> Bool {
        if let channels { return flush(channels) }
        guard carrier == .webSocket, !isBlocked, let connection, !connection.wire.isEmpty else { return false }
        WebEvent.socketSend.tell(id, 0, connection.wire.bytes)
        connection.wireTaken(connection.wire.count)
        return true
    }

    private func flush(_ channels: DataChannelConnection) -> Bool {
        let actions = channels.takeActions()
        for action in actions {
            switch action {
            case .open(let channel): WebEvent.channelOpen.tell(id, channel)
            case .send(let channel, let bytes): WebEvent.channelSend.tell(id, channel, bytes)
            case .close(let channel): WebEvent.channelClose.tell(id, channel)
            }
        }
        return !actions.isEmpty
    }

    /// Whether the link has ended and has nothing left to send.
    var isDone: Bool {
        guard let link, link.multiplexer.isClosed else { return false }
        return connection?.wire.isEmpty ?? true || carrier == .circuit && link.carrier == nil
    }
}
