public import CausewayIdentity

/// What a connection reports to its node. These are plain values, so that a shell can pass them from one thread to another.
///
/// Streams are named by handles. The handle of an inbound stream is its Yamux id (below 2^31); the handle of a stream that the
/// node opened is the number the node chose (from 2^31), so that the node can write before the connection knows of it.
public enum LinkEvent: Equatable, Sendable {
    /// The handshake is done, and the remote is authenticated by its key.
    case established(peer: PeerID, publicKey: PublicKey)
    /// The end. Nothing follows. Every stream has ended with it.
    case closed(ConnectionError)
    /// The remote opened a stream for a protocol that the node owns.
    case streamOpened(stream: UInt32, protocolID: [UInt8])
    /// The protocol of a stream that the node opened is settled.
    case streamReady(stream: UInt32, protocolID: [UInt8])
    case streamFailed(stream: UInt32, StreamError)
    /// Bytes of a stream of the node's, in order. Small pieces that arrived together are joined. Their window credit is returned when the
    /// node says that it has taken them (`LinkCommand.consumed`), so at most a stream's window of bytes waits for a busy node.
    case data(stream: UInt32, [UInt8])
    /// The remote finished its direction.
    case finished(stream: UInt32)
    /// Both directions are over.
    case streamClosed(stream: UInt32, StreamError?)
    /// The round-trip time that Yamux's own ping measured.
    case roundTrip(Interval)
    /// How many bytes the remote makes the link hold. Reported when it has changed by `Link.heldStep`, at most four times a second.
    case held(Int)
}

/// What a node wants from one connection.
public enum LinkCommand: Equatable, Sendable {
    /// Open a stream under the handle `stream` (from 2^31) and propose the protocols in this order. Answered by `streamReady` or
    /// `streamFailed`.
    case openStream(stream: UInt32, protocolIDs: [[UInt8]], handsOver: ProtocolTable.HandOver = .never)
    /// Queue bytes, all of them. If the queue is over its limit, a droppable message is dropped as a whole, and otherwise the stream is
    /// reset.
    case send(stream: UInt32, [UInt8], droppable: Bool)
    /// Finish our direction after everything that is queued.
    case finish(stream: UInt32)
    /// Finish our direction of a stream that the node has forgotten. Bytes that still arrive are discarded, and the stream is reset if it
    /// is not over in `ConnectionLimits.concludedTime`. The node gets no more events of it.
    case conclude(stream: UInt32)
    case reset(stream: UInt32)
    /// The node has taken this many of the bytes that `LinkEvent.data` brought.
    case consumed(stream: UInt32, Int)
    /// Close the connection after the queued bytes have left: Yamux go-away, then the link's end.
    case close(CloseReason)
    /// Close, but only if no stream is open that the node does not own: an application's, or a circuit.
    case closeIfIdle(CloseReason)
    /// Close the connection because it is over one of the node's limits.
    case cut(LimitName, value: UInt64)
    /// Cancel a dial, by `closed`, as long as its transport is not connected. A dial that has come further goes on, because the remote may
    /// count on it: if links have threads of their own, the node learns that too late.
    case cancelDial

    /// The reason with which this command ends the dial of a link without a transport. nil: it does not.
    public var endOfDial: CloseReason? {
        switch self {
        case .close(let reason): reason
        case .cancelDial: .cancelled
        default: nil
        }
    }
}
