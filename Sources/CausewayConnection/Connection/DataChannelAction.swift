/// What a connection of data channels asks of its shell, to be done in order.
public enum DataChannelAction: Equatable, Sendable {
    /// Open a channel: label empty, ordered, reliable. Answered by `channelReady` or `channelClosed`.
    case open(UInt32)
    /// Send one binary message.
    case send(UInt32, [UInt8])
    /// Close the channel after what was sent on it.
    case close(UInt32)
}
