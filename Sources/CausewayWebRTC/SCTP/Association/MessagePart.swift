/// A message, or the next bytes of one, as they arrived. The parts of an ordered message come one after the other on its stream, but
/// an unordered message may come between two of them, in one go.
public struct MessagePart {
    public let stream: StreamID
    public let payloadProtocol: PayloadProtocol
    /// They are lent until the association gets its next input.
    public let bytes: UnsafeRawBufferPointer
    public let isFirst: Bool
    public let isLast: Bool
    public let isOrdered: Bool
}
