public import CausewayIdentity

/// What a connection reports to its driver, in order. Streams are named by their numbers. Outputs that come with every frame need no
/// allocation.
public enum ConnectionOutput: Equatable, Sendable {
    /// The handshake is done, and the remote is authenticated by its key. Streams can be opened.
    indirect case established(PeerID, PublicKey)
    /// The remote opened a stream, and both sides agreed on this protocol.
    indirect case streamOpened(UInt32, ProtocolTable.Entry)
    /// Both sides agreed on this protocol for a stream of ours.
    indirect case streamReady(UInt32, protocolID: [UInt8])
    /// A stream of ours could not be opened.
    indirect case streamFailed(UInt32, StreamError)
    /// Bytes of a stream: `Connection.payload(start, count)`, valid until the next `pollOutput`.
    case data(UInt32, start: Int, count: Int)
    /// A `write` that took less than it was given may continue.
    case writable(UInt32)
    /// The result of delivering our direction, as `StreamOwner.delivered` describes it.
    indirect case delivered(UInt32, StreamError?)
    /// The remote finished its direction.
    case finished(UInt32)
    /// Both directions are over. nil: both were finished, and ours was delivered.
    indirect case streamClosed(UInt32, StreamError?)
    /// A ping of ours was answered.
    case roundTrip(Interval)
    /// The end. Every stream has ended before. The bytes on `wire` still go out, and then the link is closed.
    indirect case closed(ConnectionError)
}
