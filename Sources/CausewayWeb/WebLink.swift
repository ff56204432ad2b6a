import CausewayConnection
import CausewayIdentity

/// A link of the page's node, from the connection attempt to its end.
final class WebLink {
    /// What carries its streams, once the page's part of it is connected.
    enum Carrier {
        case webSocket(Connection?)
        case circuit(Connection)
        case peerConnection(DataChannelConnection?)
    }

    let id: UInt32
    /// The address that was dialled. nil: none was.
    let address: Multiaddr?
    let expecting: PeerID?
    var carrier: Carrier
    /// Set when the transport is connected, until the link has ended.
    var link: Link?
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
        switch carrier {
        case .webSocket(let connection?): flush(connection)
        case .peerConnection(let channels?): flush(channels)
        default: false
        }
    }

    private func flush(_ connection: Connection) -> Bool {
        guard !isBlocked, !connection.wire.isEmpty else { return false }
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
            // A browser does not let its page hold back a remote.
            case .returnCredit: break
            }
        }
        return !actions.isEmpty
    }

    /// Whether the link has ended and has nothing left to send.
    var isDone: Bool {
        guard let link, link.multiplexer.isClosed else { return false }
        return switch carrier {
        case .webSocket(let connection): connection?.wire.isEmpty ?? true
        case .circuit(let connection): connection.wire.isEmpty || link.carrier == nil
        case .peerConnection: true
        }
    }
}
