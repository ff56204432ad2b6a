public import CausewayIdentity

/// What a connection tells its node: plain values, so that a shell may carry them from one thread to another.
///
/// Streams are named by handles. The handle of an inbound stream is its Yamux id (below 2^31); the handle of a stream that the
/// node opened is the number the node chose (from 2^31), so that the node can write before the connection knows of it.
public enum LinkEvent: Equatable, Sendable {
    /// Handshake done: who the remote is, by its verified key.
    case established(peer: PeerID, publicKey: PublicKey)
    /// The end; nothing follows. Every stream has ended with it.
    case closed(ConnectionError)
    /// The remote opened a stream for a protocol that the node owns.
    case streamOpened(stream: UInt32, protocolID: [UInt8])
    /// A stream that the node opened is settled.
    case streamReady(stream: UInt32, protocolID: [UInt8])
    case streamFailed(stream: UInt32, StreamError)
    /// Bytes of a stream of the node's, in order; small pieces that came together are joined. Their window credit goes back when the node
    /// says that it has taken them (`LinkCommand.consumed`), so what waits on its way to a busy node is no more than the stream's window.
    case data(stream: UInt32, [UInt8])
    /// The remote finished its direction.
    case finished(stream: UInt32)
    /// Both directions are over.
    case streamClosed(stream: UInt32, StreamError?)
    /// Yamux's own ping: the time there and back.
    case roundTrip(Interval)
    /// How many bytes the remote makes the link keep, when that has moved by `Link.heldStep`; four times a second at most.
    case held(Int)
}

/// What a node asks of one connection.
public enum LinkCommand: Equatable, Sendable {
    /// Opens a stream under the handle `stream` (from 2^31) and proposes the protocols in this order. Answered by `streamReady` or
    /// `streamFailed`.
    case openStream(stream: UInt32, protocolIDs: [[UInt8]])
    /// Queues bytes, all of them. If the queue is over its limit then a droppable message is dropped whole, and the stream reset otherwise.
    case send(stream: UInt32, [UInt8], droppable: Bool)
    /// Finishes our direction after all that was queued.
    case finish(stream: UInt32)
    /// The same of a stream that the node wants nothing more of, and hears nothing more of: what still comes is thrown away, and if it is
    /// not over in `ConnectionLimits.concludedTime` then it is reset.
    case conclude(stream: UInt32)
    case reset(stream: UInt32)
    /// The node has taken so many of the bytes that `LinkEvent.data` brought.
    case consumed(stream: UInt32, Int)
    /// Closes the connection after what is queued went out: Yamux go-away, then the link's end.
    case close(CloseReason)
    /// As `close`, but only if no stream lives on it that the node does not own: an application's, or a circuit.
    case closeIfIdle(CloseReason)
    /// Closes the connection because of a limit of the node's that it is over.
    case cut(LimitName, value: UInt64)
    /// Gives a dial up, by `closed`, as long as its transport does not stand. One that has come further goes on, since the remote may count
    /// on it: where links have threads of their own, the node hears of that too late to tell.
    case cancelDial

    /// What it means for a link without a transport: why the dial ends; nil: nothing.
    public var endOfDial: CloseReason? {
        switch self {
        case .close(let reason): reason
        case .cancelDial: .cancelled
        default: nil
        }
    }
}
