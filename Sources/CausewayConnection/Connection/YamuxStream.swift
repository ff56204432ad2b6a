/// One stream's state. Two windows, two ends, and a negotiation until its protocol is settled.
final class YamuxStream {
    /// What a writer that was held back waits for.
    enum Wait: UInt8 {
        case nothing
        /// The settled protocol.
        case settling
        /// Credit from the remote.
        case credit
        /// Room on the wire: it stands in the connection's queue of waiting writers.
        case wire
    }

    let id: UInt32
    let isInbound: Bool
    /// nil once the protocol is settled.
    var negotiation: Negotiation?
    /// When it must be.
    var deadline: Instant

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

    var wait = Wait.nothing
    /// Our side accepted an inbound stream, but no frame has told the remote yet.
    var owesAcknowledgement: Bool
    /// The remote has acknowledged a stream of ours.
    var isAcknowledged = false
    /// The owner finished our direction.
    var isFinishing = false
    /// FIN was sent. It waits for the settled protocol: js loses the data of short streams otherwise.
    var isFinished = false
    var isRemoteFinished = false

    init(id: UInt32, isInbound: Bool, negotiation: Negotiation, deadline: Instant, now: Instant) {
        self.id = id
        self.isInbound = isInbound
        self.negotiation = negotiation
        self.deadline = deadline
        owesAcknowledgement = isInbound
        epoch = now
    }

    var isSettled: Bool { negotiation == nil }

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
