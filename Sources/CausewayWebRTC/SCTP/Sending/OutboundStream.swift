/// What this side sends on one stream.
final class OutboundStream {
    let id: StreamID
    /// The number of the next ordered message.
    var sequence = StreamSequenceNumber(0)
    /// Messages of which something is not sent yet.
    var messages = Ring<OutboundMessage>()
    /// Bytes that the remote has not acknowledged, sent or not.
    var buffered = 0
    /// The owner wants to hear when `buffered` falls to this. nil: it does not.
    var lowThreshold: Int?
    /// The owner has asked for a reset, so nothing more is taken.
    var isClosing = false
    /// It stands in the schedule.
    var isScheduled = false

    init(_ id: StreamID) { self.id = id }

    func acknowledge(_ bytes: Int, events: EventQueue) {
        buffered -= bytes
        guard let lowThreshold, !isClosing else { return }
        if buffered <= lowThreshold, buffered + bytes > lowThreshold { events.append(.bufferedAmountLow(id)) }
    }
}
