/// What the channels of an association tell their owner.
public enum DataChannelEvent {
    /// The association stands, and channels can be opened.
    case connected
    /// The remote has opened a channel.
    case opened(StreamID, DataChannelDescription)
    /// A message, or the next bytes of one.
    case part(DataChannelPart)
    /// The rest of the message that had begun will not come.
    case messageAbandoned(StreamID)
    /// The remote has closed the channel. What it sent before has been delivered, and this side's direction is being closed, too.
    case closing(StreamID)
    /// What the remote sent on the channel could not be taken, so the channel is being closed.
    case failed(StreamID, StreamFault)
    /// Both directions are closed, so the number may be used again.
    case closed(StreamID)
    case bufferedAmountLow(StreamID)
    /// After `SendError.bufferFull`: messages are taken again.
    case roomToSend
    /// The last event: the association is over.
    case associationClosed(AssociationError?)
}

/// What the remote said of a channel that it opened.
public struct DataChannelDescription: Equatable, Sendable {
    public let label: [UInt8]
    public let subprotocol: [UInt8]
    public let isOrdered: Bool
}

/// A message, or the next bytes of one; see `MessagePart`.
public struct DataChannelPart {
    public let channel: StreamID
    public let isText: Bool
    /// They are lent until the association gets its next input. The owner says by `consumed` when it has taken them.
    public let bytes: UnsafeRawBufferPointer
    public let isFirst: Bool
    public let isLast: Bool
    public let isOrdered: Bool
}

/// Why a channel cannot be opened or used.
public enum DataChannelError: Error, Equatable, Sendable {
    /// There are `DataChannelLimits.channels` channels, or the remote takes no more.
    case tooManyChannels
    /// The number is in use.
    case channelInUse
    /// The label and the protocol are longer than `DataChannelLimits.openBytes` allows.
    case nameTooLong
    case unknownChannel
    /// The channel is being closed.
    case channelClosing
    /// The association does not stand, or takes no more at the moment.
    case send(SendError)
}
