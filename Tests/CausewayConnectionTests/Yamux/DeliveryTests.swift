import CausewayIdentity
import Testing

@testable import CausewayConnection

@Suite struct DeliveryTests {
    @Test func aStreamIsDeliveredWhenTheLinkHasTakenItsEnd() throws {
        let pair = Pair.established()
        let id = try pair.open()
        try pair.dialler.write(id, .pattern(100_000))
        pair.dialler.machine.finish(id)
        let whole = pair.dialler.connection.wire.count
        _ = pair.dialler.takeWire(atMost: whole - 1)
        pair.dialler.poll()
        #expect(!pair.dialler.has(.delivered(id, nil)))
        _ = pair.dialler.takeWire()
        pair.dialler.poll()
        #expect(pair.dialler.outputs.last == .delivered(id, nil))
    }

    @Test func whatWaitsInTheShellIsNotDeliveredYet() throws {
        let pair = Pair.established()
        let (first, second) = (try pair.open(), try pair.open())
        let connection = pair.dialler.connection
        pair.dialler.machine.finish(first)
        connection.wireTaken(connection.wire.count, isSent: false)
        let position = connection.wirePosition
        pair.dialler.machine.finish(second)
        connection.wireTaken(connection.wire.count, isSent: false)
        pair.dialler.poll()
        #expect(!pair.dialler.has(.delivered(first, nil)))
        connection.wireSent(upTo: position)
        pair.dialler.poll()
        #expect(pair.dialler.has(.delivered(first, nil)) && !pair.dialler.has(.delivered(second, nil)))
        connection.wireSent(upTo: connection.wirePosition)
        pair.dialler.poll()
        #expect(pair.dialler.has(.delivered(second, nil)))
    }

    @Test func aStreamIsNotOverBeforeItIsDelivered() throws {
        let pair = Pair.established()
        let id = try pair.open()
        pair.listener.machine.finish(id)
        pair.run()
        pair.dialler.machine.finish(id)
        pair.dialler.poll()
        #expect(pair.dialler.outputs.last == .finished(id) && pair.dialler.machine.hasStream(id))
        pair.run()
        #expect(pair.dialler.outputs.suffix(2) == [.delivered(id, nil), .streamClosed(id, nil)])
        #expect(!pair.dialler.machine.hasStream(id))
    }

    @Test func aStreamThatFailsFirstIsNeverDelivered() throws {
        let pair = Pair.established()
        let (reset, cut) = (try pair.open(), try pair.open())
        for id in [reset, cut] { pair.dialler.machine.finish(id) }
        pair.dialler.machine.reset(reset)
        pair.dialler.machine.linkClosed(errno: 104)
        _ = pair.dialler.takeWire()
        pair.dialler.poll()
        #expect(pair.dialler.has(.streamClosed(reset, .resetLocally)))
        #expect(pair.dialler.has(.streamClosed(cut, .connection(.link(errno: 104)))))
        #expect(!pair.dialler.has(.delivered(reset, nil)) && !pair.dialler.has(.delivered(cut, nil)))
    }

    /// A busy connection's queues are never empty.
    @Test func aQueueThatIsNeverEmptyKeepsWhatIsInItOnly() {
        var queue = StreamQueue()
        for number in 0..<10 as Range<UInt32> { queue.append(number) }
        for number in 10..<100_000 as Range<UInt32> {
            #expect(queue.first == number - 10)
            queue.removeFirst()
            queue.append(number)
        }
        #expect(queue.capacity < 512)
    }
}
