/// One stream, which is one data channel.
final class DataChannelStream: MultiplexedStream {
    var decoder = DataChannelDecoder()
    /// What is sent before the channel is open, which is when the remote takes the stream up.
    var held: [[UInt8]] = []
    /// Bytes sent that the channel has not passed on yet.
    var buffered = 0
}
