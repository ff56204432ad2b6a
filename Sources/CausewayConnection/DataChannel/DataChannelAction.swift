/// What a connection of data channels wants from its shell, to be done in order.
public enum DataChannelAction: Equatable, Sendable {
    /// Open a channel with an empty label, ordered and reliable. Answered by `channelReady` or `channelClosed`.
    case open(UInt32)
    /// Send one binary message.
    case send(UInt32, [UInt8])
    /// This many bytes of the channel are no longer held: the remote may send as many more. Only of paced channels.
    case returnCredit(UInt32, Int)
    /// Close the channel after everything that was sent on it.
    case close(UInt32)
}
