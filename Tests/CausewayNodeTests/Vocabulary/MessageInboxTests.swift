import CausewayIdentity
import Testing

@testable import CausewayNode

/// The contents of all messages that have come; each is one field of bytes.
private func messages(_ inbox: inout MessageInbox, limit: Int = 300) -> [[UInt8]] {
    var found: [[UInt8]] = []
    while var message = inbox.next(limit: limit) {
        while message.advance() { found.append(message.content()) }
    }
    return found
}

private func framed(_ content: [UInt8]) -> [UInt8] {
    var writer = ProtobufWriter()
    writer.content(1, content)
    return writer.framed
}

@Test(arguments: [1, 2, 3, 7, 64, 1000]) func messagesComeTogetherHoweverTheyAreCut(_ size: Int) {
    let contents: [[UInt8]] = [[1], [], [UInt8](repeating: 2, count: 200), [3, 3]]
    let stream = contents.flatMap(framed)
    var inbox = MessageInbox()
    var found: [[UInt8]] = []
    for start in stride(from: 0, to: stream.count, by: size) {
        inbox.add([UInt8](stream[start..<min(start + size, stream.count)]))
        found += messages(&inbox)
        #expect(inbox.count < 300)
    }
    #expect(found == contents && inbox.count == 0 && inbox.fault == nil)
}

@Test(arguments: [
    ([0xad, 0x02], MessageInbox.Fault.tooLong), ([0xff, 0xff, 0xff, 0xff], .tooLong), ([0x80, 0x80, 0x80, 0x80, 0x00], .tooLong),
    ([0x80, 0x00], .malformed), ([0x81, 0x80, 0x00], .malformed),
])
func aBadLengthEndsAnInbox(_ length: [UInt8], _ fault: MessageInbox.Fault) {
    var inbox = MessageInbox()
    inbox.add(framed([1]) + length)
    #expect(messages(&inbox) == [[1]] && inbox.fault == fault)
    inbox.add(framed([2]))
    #expect(messages(&inbox).isEmpty && inbox.fault == fault)
}

private final class Thing {}

@Test func aQueueLetsGoOfWhatWasTaken() {
    var queue = FIFO<Thing>()
    weak var taken: Thing?
    do {
        let thing = Thing()
        taken = thing
        queue.append(thing)
    }
    queue.append(Thing())
    #expect(taken != nil && queue.first === taken)
    queue.removeFirst()
    #expect(taken == nil && queue.count == 1 && queue[0] === queue.first)
}
