/// A message that the application has sent, until the remote has acknowledged all of it. Packets copy from its bytes where they are.
final class OutboundMessage {
    let stream: OutboundStream
    let payloadProtocol: PayloadProtocol
    let isOrdered: Bool
    let payload: [UInt8]
    /// How much of it has been cut into fragments.
    var cut = 0
    /// All of its fragments have the same.
    var sequence = StreamSequenceNumber(0)

    init(_ payload: [UInt8], on stream: OutboundStream, payloadProtocol: PayloadProtocol, isOrdered: Bool) {
        self.stream = stream
        self.payloadProtocol = payloadProtocol
        self.isOrdered = isOrdered
        self.payload = payload
    }
}
