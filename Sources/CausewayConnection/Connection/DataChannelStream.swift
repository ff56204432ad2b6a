/// One stream, which is one data channel.
final class DataChannelStream {
    let id: UInt32
    let isInbound: Bool
    /// nil once the protocol is settled.
    var negotiation: Negotiation?
    var decoder = DataChannelDecoder()
    /// When the protocol must be settled, or the closing channel is given up.
    var deadline: Instant

    /// Whether the channel can be sent on; what is sent before waits in `held`.
    var isReady: Bool
    var held: [[UInt8]] = []
    /// Bytes sent that the channel has not passed on yet.
    var buffered = 0
    /// Bytes that the stream's reader was given and has not consumed.
    var unread = 0
    /// A writer was held back.
    var isWaiting = false

    /// The owner finished our direction.
    var isFinishing = false
    /// FIN was sent: once the protocol is settled.
    var isFinished = false
    /// The remote has it.
    var isFinishAcknowledged = false
    var isRemoteFinished = false
    /// The owner was told of the end; only the channel is still there.
    var isTold = false

    init(id: UInt32, isInbound: Bool, negotiation: Negotiation, deadline: Instant) {
        self.id = id
        self.isInbound = isInbound
        self.negotiation = negotiation
        self.deadline = deadline
        isReady = isInbound
    }

    var isSettled: Bool { negotiation == nil }
}
