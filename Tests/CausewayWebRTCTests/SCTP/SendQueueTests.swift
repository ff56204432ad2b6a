import CausewayIdentity
import Testing

@testable import CausewayWebRTC

/// There are remotes that do not put the message together that opens a channel: it waits for a packet with room for all of it.
@Test func onlyMessagesOfChannelsAreCutToFillPackets() {
    for (kind, length) in [(PayloadProtocol.dcep, 0), (.binary, 11)] {
        var queue = SendQueue()
        let stream = OutboundStream(StreamID(2))
        queue.append(OutboundMessage([UInt8](repeating: 3, count: 12), on: stream, payloadProtocol: kind, isOrdered: true))
        #expect(queue.nextLength(room: DataChunk.headSize + 12, window: 5000) == 12)
        #expect(queue.nextLength(room: DataChunk.headSize + 11, window: 5000) == length)
        #expect(queue.nextLength(room: 500, window: 11) == 0)
        queue.removeAll()
    }
}
