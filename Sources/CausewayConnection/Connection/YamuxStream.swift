/// A stream's two windows.
final class YamuxStream: MultiplexedStream {
    /// Bytes that we may send.
    var sendWindow = Yamux.initialWindow
    /// Bytes that the remote may send.
    var receiveWindow = Yamux.initialWindow
    /// What the receive window is filled up to; grows with the round trips it is too small for.
    var windowSize = Yamux.initialWindow
    /// Bytes that were consumed but not yet given back.
    var owed: UInt32 = 0
    /// When the window was given back last.
    var epoch: Instant
    /// Where on the wire our FIN ends.
    var finishEnd: UInt64 = 0
    /// Its writer stands in the connection's queue.
    var isQueued = false
    /// What our first frame is to say: that we opened the stream, or have taken up the remote's.
    var owedFlags: YamuxHeader.Flags

    init(id: UInt32, negotiation: Negotiation, now: Instant) {
        epoch = now
        owedFlags = negotiation.isDialler ? .syn : .ack
        super.init(id: id, negotiation: negotiation)
    }

    /// Adds the remote's credit.
    func grow(by count: UInt32) throws(YamuxFault) {
        let (sum, overflow) = sendWindow.addingReportingOverflow(count)
        if overflow { throw .windowOverflow }
        sendWindow = sum
    }

    /// Takes the announced payload of a DATA frame off the receive window.
    func expect(_ count: UInt32) throws(YamuxFault) {
        if count > 0, isRemoteFinished { throw .dataAfterFinish }
        guard count <= receiveWindow else { throw .windowExceeded }
        receiveWindow -= count
    }
}
