import CausewayIdentity

/// What Yamux knows of a stream: its two windows.
final class YamuxStream {
    let stream: MultiplexedStream
    /// How many bytes we may send.
    var sendWindow = Yamux.initialWindow
    /// How many bytes the remote may send.
    var receiveWindow = Yamux.initialWindow
    /// The size of the receive window. It grows if it is too small for the round-trip time.
    var windowSize = Yamux.initialWindow
    /// When credit was last returned.
    var epoch: Instant
    /// The position on the wire where our FIN ends.
    var finishEnd: UInt64 = 0
    /// Whether its writer is in the connection's queue.
    var isQueued = false
    /// The flags of our first frame: that we opened the stream, or accepted the remote's.
    var pendingFlags: YamuxHeader.Flags

    init(_ stream: MultiplexedStream, now: Instant) {
        self.stream = stream
        epoch = now
        pendingFlags = stream.isInbound ? .ack : .syn
    }

    /// Adds credit from the remote.
    func grow(by count: UInt32) throws(YamuxFault) {
        let (sum, overflow) = sendWindow.addingReportingOverflow(count)
        if overflow { throw .windowOverflow }
        sendWindow = sum
    }

    /// Takes the announced payload of a DATA frame off the receive window.
    func expect(_ count: UInt32) throws(YamuxFault) {
        if count > 0, stream.isRemoteFinished { throw .dataAfterFinish }
        guard count <= receiveWindow else { throw .windowExceeded }
        receiveWindow -= count
    }

    func takeFlags() -> YamuxHeader.Flags {
        let flags = pendingFlags
        pendingFlags = []
        return flags
    }
}
