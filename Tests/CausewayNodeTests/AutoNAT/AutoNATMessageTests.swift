import CausewayIdentity
import Testing

@testable import CausewayNode

private func read(_ framed: [UInt8]) -> AutoNATMessage? {
    var inbox = MessageInbox()
    inbox.add(framed)
    guard let message = inbox.next(limit: 1 << 20) else { return nil }
    return AutoNATMessage(message)
}

private func readVersion1(_ framed: [UInt8]) -> AutoNATv1Message? {
    var inbox = MessageInbox()
    inbox.add(framed)
    guard let message = inbox.next(limit: 1 << 20) else { return nil }
    return AutoNATv1Message(message)
}

@Suite struct AutoNATMessageTests {
    private let here = address("/ip4/198.51.100.1/tcp/4001").bytes

    @Test func whatIsWrittenIsRead() {
        let messages: [AutoNATMessage] = [
            .request([here, []], nonce: .max - 1), .request([], nonce: 0), .response(.ok, index: 3, .dialBackError),
            .response(.rejected, index: 0, .unused), .response(.internalError, index: 0, .unused), .dataRequest(index: 1, bytes: 30_000),
            .data(4096), .data(0),
        ]
        for message in messages { #expect(read(message.framed) == message) }
        #expect(DialBack(ProtobufReader([UInt8](DialBack(nonce: 7).framed.dropFirst())))?.nonce == 7)
        let old: [AutoNATv1Message] = [
            .dial(peer: peer(1).bytes, [here]), .dial(peer: nil, []), .response(.ok, address: here), .response(.dialError, address: nil),
        ]
        for message in old { #expect(readVersion1(message.framed) == message) }
    }

    /// As the specification's schema has them, written by hand.
    @Test func theBytesAreThoseOfTheSpecification() {
        #expect(AutoNATMessage.request([[1, 2]], nonce: 0x0102).framed == [15, 0x0a, 13, 0x0a, 2, 1, 2, 0x11, 2, 1, 0, 0, 0, 0, 0, 0])
        #expect(AutoNATMessage.response(.ok, index: 1, .ok).framed == [10, 0x12, 8, 8, 0xc8, 1, 0x10, 1, 0x18, 0xc8, 1])
        #expect(AutoNATMessage.response(.rejected, index: 0, .unused).framed == [4, 0x12, 2, 8, 100])
        #expect(DialBack(nonce: 1).framed == [9, 9, 1, 0, 0, 0, 0, 0, 0, 0])
        #expect(AutoNATv1Message.response(.dialRefused, address: nil).framed == [6, 8, 1, 0x1a, 2, 8, 101])
    }

    @Test func whatIsWrongIsNoMessage() {
        let bad: [[UInt8]] = [
            [], [0x2a, 0], [0x08, 1], [0x0a, 5, 1], [0x0a, 2, 0x10, 1],
            // A nonce of another type, and one that is cut off.
            [0x0a, 3, 0x12, 1, 0], [0x0a, 3, 0x11, 1, 0],
            // A status that does not exist.
            [0x12, 2, 8, 7], [0x12, 6, 8, 0xc8, 1, 0x18, 99, 0],
        ]
        for bytes in bad { #expect(AutoNATMessage(ProtobufReader(bytes)) == nil, "\(bytes)") }
        for bytes: [UInt8] in [[], [8, 0], [8, 1], [8, 2, 0x12, 0], [8, 1, 0x1a, 2, 8, 99], [0x12, 0], [0x12, 9, 1]] {
            #expect(AutoNATv1Message(ProtobufReader(bytes)) == nil, "\(bytes)")
        }
        for bytes: [UInt8] in [[], [8, 1], [9, 1, 2], [0x0a, 0]] { #expect(DialBack(ProtobufReader(bytes)) == nil) }
    }

    @Test func moreAddressesThanAreReadArePassedOver() {
        let many = [[UInt8]](repeating: here, count: AutoNATMessage.addresses + 10)
        #expect(read(AutoNATMessage.request(many, nonce: 9).framed) == .request(Array(many.prefix(AutoNATMessage.addresses)), nonce: 9))
        let old = [[UInt8]](repeating: here, count: AutoNATv1Message.addresses + 10)
        #expect(
            readVersion1(AutoNATv1Message.dial(peer: nil, old).framed) == .dial(peer: nil, Array(old.prefix(AutoNATv1Message.addresses))))
    }
}
