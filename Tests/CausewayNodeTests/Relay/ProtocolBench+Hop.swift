import CausewayConnection
import CausewayIdentity

@testable import CausewayNode

extension ProtocolBench {
    /// Opens a hop stream, sends the message, and reads the answer.
    @discardableResult
    func ask(_ message: HopMessage, on link: ConnectedLink) -> HopMessage? { ask(HopCodec.encode(message), on: link) }

    @discardableResult
    func ask(_ bytes: [UInt8], on link: ConnectedLink) -> HopMessage? {
        let stream = open(on: link)
        receive(bytes, on: stream)
        let answer = hopAnswer(on: stream)
        if answer != nil { machine.closed(stream, error: nil, in: node) }
        return answer
    }

    /// What was sent on this stream so far, taken for one hop message.
    func hopAnswer(on stream: StreamKey) -> HopMessage? {
        if let message = message(sent(on: stream)) { try? HopCodec.decodeHop(message) } else { nil }
    }

    func stopMessage(on stream: StreamKey) -> StopMessage? {
        if let message = message(sent(on: stream)) { try? HopCodec.decodeStop(message) } else { nil }
    }

    private func message(_ bytes: [UInt8]) -> ProtobufReader? {
        var inbox = MessageInbox()
        inbox.add(bytes)
        return inbox.next(limit: HopCodec.messageSize)
    }
}

extension HopCodec {
    static func decodeHop(_ message: [UInt8]) throws(RelayFault) -> HopMessage { try decodeHop(ProtobufReader(message)) }
    static func decodeStop(_ message: [UInt8]) throws(RelayFault) -> StopMessage { try decodeStop(ProtobufReader(message)) }
}
