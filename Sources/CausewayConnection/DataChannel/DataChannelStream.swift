/// What a connection of data channels knows of a stream.
final class DataChannelStream {
    let stream: MultiplexedStream
    var decoder = DataChannelDecoder()
    /// Messages that wait until the channel is open, which is when the remote accepts the stream.
    var held: [[UInt8]] = []
    /// Bytes that were sent and that the channel has not passed on yet. Of paced channels nobody counts them: one writer may take all room.
    var buffered = 0
    /// How much payload was sent, and how much may be: without a bound before the remote names one.
    var sent: UInt64 = 0
    var allowed = UInt64.max
    /// How much payload has arrived, and how much we have told the remote that it may send. nil: it does not heed that.
    var arrived: UInt64 = 0
    var told: UInt64?
    /// Whether its writer is in the connection's queue.
    var isQueued = false

    init(_ stream: MultiplexedStream) { self.stream = stream }

    var hasCredit: Bool { sent < allowed }
}
