public import CausewayIdentity

/// What a connection tells its driver, in order. Streams are named by their numbers. What comes with every frame is made without an
/// allocation.
public enum ConnectionOutput: Equatable, Sendable {
    /// The handshake is done: who the remote is, by its verified key. Streams may be opened.
    indirect case established(PeerID, PublicKey)
    /// The remote opened a stream and settled on this protocol.
    indirect case streamOpened(UInt32, ProtocolTable.Entry)
    /// A stream of ours is settled on this protocol.
    indirect case streamReady(UInt32, protocolID: [UInt8])
    /// A stream of ours never came to be.
    indirect case streamFailed(UInt32, StreamError)
    /// Bytes of a stream: `Connection.payload(start, count)`, until the next `pollOutput`.
    case data(UInt32, start: Int, count: Int)
    /// A `write` that took less than it was given may go on.
    case writable(UInt32)
    /// What became of our direction, as `StreamOwner.delivered` says.
    indirect case delivered(UInt32, StreamError?)
    /// The remote finished its direction.
    case finished(UInt32)
    /// Both directions are over: nil if both were finished, and ours delivered.
    indirect case streamClosed(UInt32, StreamError?)
    /// A ping of ours was answered.
    case roundTrip(Interval)
    /// The end; every stream has ended before. What is on `wire` still goes out, then the link is closed.
    indirect case closed(ConnectionError)
}
