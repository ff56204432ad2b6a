import CausewayIdentity

/// One stream, whatever carries it: two directions, its owner, and a negotiation until its protocol is settled.
public final class MultiplexedStream {
    let id: UInt32
    let isInbound: Bool
    /// Who gets its bytes. An inbound stream has no owner before its protocol is settled, and the node's has none once it is reset.
    var owner: (any StreamOwner)?
    /// nil once the protocol is settled.
    var negotiation: Negotiation?
    /// When the protocol must be settled, or the rest of the stream is reset. The end of time: nothing is awaited.
    var deadline = Instant.distantFuture
    /// Whether the remote has accepted the stream. A stream that the remote opened always is.
    var isAcknowledged: Bool
    /// Whether a writer had to wait.
    var isWaiting = false
    /// Whether the owner has finished our direction.
    var isFinishing = false
    /// Whether FIN was sent. It waits until the protocol is settled: otherwise js loses the data of short streams.
    var isFinished = false
    /// Whether the owner knows the result of delivering our direction.
    var isDelivered = false
    var isRemoteFinished = false
    /// Whether the owner has concluded the stream.
    var isConcluded = false
    /// Bytes that the owner was given and has not consumed.
    var unread = 0
    /// Bytes that nobody holds any more, and for which the remote has not got credit yet.
    var unreturnedCredit = 0
    /// From how many such bytes on the carrier gives credit. It sets this.
    var creditStep = Int.max

    /// The negotiation of a dialler makes this a stream that we opened.
    init(id: UInt32, negotiation: Negotiation) {
        self.id = id
        self.negotiation = negotiation
        isInbound = !negotiation.isDialler
        isAcknowledged = isInbound
    }

    var isSettled: Bool { negotiation == nil }

    /// Whether data may be sent. With a single proposal, the remote cannot take the data for anything else.
    var takesData: Bool { negotiation?.isOptimistic ?? true }
}
