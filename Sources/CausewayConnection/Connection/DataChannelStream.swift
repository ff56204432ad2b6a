/// One stream on its data channel.
final class DataChannelStream: MultiplexedStream {
    var decoder = DataChannelDecoder()
    /// Messages that wait until the channel is open, which is when the remote accepts the stream.
    var held: [[UInt8]] = []
    /// Bytes that were sent and that the channel has not passed on yet.
    var buffered = 0
}
