import CausewayIdentity

/// One stream, whatever carries it: two ends, and a negotiation until its protocol is settled.
class MultiplexedStream {
    let id: UInt32
    let isInbound: Bool
    /// nil once the protocol is settled.
    var negotiation: Negotiation?
    /// When the protocol must be settled, or what is left of the stream is given up; the end of time if nothing is waited for.
    var deadline = Instant.distantFuture
    /// The remote has taken up a stream of ours. Those that it opened it has.
    var isAcknowledged: Bool
    /// A writer was held back.
    var isWaiting = false
    /// The owner finished our direction.
    var isFinishing = false
    /// FIN was sent. It waits for the settled protocol: js loses the data of short streams otherwise.
    var isFinished = false
    /// The owner was told what became of our direction.
    var isDelivered = false
    var isRemoteFinished = false
    /// Its owner wants nothing more of it.
    var isConcluded = false
    /// Bytes that its owner was given and has not consumed.
    var unread = 0

    /// A dialler's negotiation makes it one of ours.
    init(id: UInt32, negotiation: Negotiation) {
        self.id = id
        self.negotiation = negotiation
        isInbound = !negotiation.isDialler
        isAcknowledged = isInbound
    }

    var isSettled: Bool { negotiation == nil }

    /// Whether data may be sent: with a single proposal there is nothing else that they could be taken for.
    var takesData: Bool { negotiation?.isOptimistic ?? true }
}
