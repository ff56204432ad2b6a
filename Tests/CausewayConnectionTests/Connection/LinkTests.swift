import CausewayIdentity
import Testing

@testable import CausewayConnection

@Suite struct LinkTests {
    private func pair() -> MemoryShell {
        let shell = MemoryShell()
        _ = shell.link(1, initiator: true)
        _ = shell.link(2, initiator: false)
        shell.connect(1, 2)
        return shell
    }

    @Test func theNodesStreamsCarryMessages() {
        let shell = pair()
        let (one, two) = (shell.links[1]!, shell.links[2]!)
        let handle: UInt32 = 1 << 31
        one.apply(.openStream(stream: handle, protocolIDs: [Pair.ping.name]), now: shell.now)
        one.apply(.send(stream: handle, [1, 2, 3], droppable: false), now: shell.now)
        one.apply(.finish(stream: handle), now: shell.now)
        shell.run()
        let inbound = shell.handle(openedOn: 2)!
        #expect(shell.events[1]!.contains(.streamReady(stream: handle, protocolID: Pair.ping.name)))
        #expect(shell.data(on: 2, inbound) == [1, 2, 3])
        #expect(shell.events[2]!.contains(.finished(stream: inbound)))
        two.apply(.send(stream: inbound, [4], droppable: false), now: shell.now)
        two.apply(.finish(stream: inbound), now: shell.now)
        shell.run()
        #expect(shell.data(on: 1, handle) == [4])
        #expect(shell.events[1]!.last == .streamClosed(stream: handle, nil))
        #expect(shell.events[2]!.last == .streamClosed(stream: inbound, nil))
    }

    @Test func theNodesQueueIsBounded() {
        let shell = pair()
        let one = shell.links[1]!
        let handle: UInt32 = 1 << 31
        one.apply(.openStream(stream: handle, protocolIDs: [Pair.ping.name]), now: shell.now)
        shell.run()
        shell.stalled = [1]
        let message = [UInt8](repeating: 1, count: 1 << 20)
        for _ in 0..<20 { one.apply(.send(stream: handle, message, droppable: true), now: shell.now) }
        shell.run()
        #expect(!shell.events[1]!.contains(.streamClosed(stream: handle, .limit(.queuedBytesPerStream, value: 4 << 20))))
        one.apply(.send(stream: handle, message, droppable: false), now: shell.now)
        shell.run()
        #expect(shell.events[1]!.contains(.streamClosed(stream: handle, .limit(.queuedBytesPerStream, value: 4 << 20))))
        shell.stalled = []
        shell.run()
        // The first message, the queue and the part of one more that the wire took.
        #expect(shell.data(on: 2, shell.handle(openedOn: 2)!).count <= 6 << 20)
    }

    /// Asking for pongs without end and never reading them.
    @Test func aControlStreamIsBoundedMore() {
        let shell = pair()
        let one = shell.links[1]!
        let handle: UInt32 = 1 << 31
        one.apply(.openStream(stream: handle, protocolIDs: [Pair.ping.name]), now: shell.now)
        shell.run()
        shell.stalled = [1]
        let pong = [UInt8](repeating: 1, count: 32)
        var sent = 0
        while sent < 2 << 20, !shell.events[1]!.contains(.streamClosed(stream: handle, .limit(.queuedBytesPerStream, value: 256 << 10))) {
            for _ in 0..<1024 { one.apply(.send(stream: handle, pong, droppable: false), now: shell.now) }
            sent += 32 << 10
            shell.run()
        }
        // The wire's high-water mark and the queue.
        #expect(sent < 700 << 10)
    }

    /// Of a node that has no time: what waits for it is the stream's window, however much the remote has.
    @Test func creditOfTheNodesStreamsGoesBackWhenTheNodeHasTakenTheBytes() {
        let shell = pair()
        let (one, two) = (shell.links[1]!, shell.links[2]!)
        let handle: UInt32 = 1 << 31
        one.apply(.openStream(stream: handle, protocolIDs: [Pair.ping.name]), now: shell.now)
        let bytes = [UInt8].pattern(4 << 20)
        one.apply(.send(stream: handle, bytes, droppable: true), now: shell.now)
        shell.run()
        let inbound = shell.handle(openedOn: 2)!
        #expect(shell.data(on: 2, inbound).count <= 256 << 10)
        var taken = 0
        while shell.data(on: 2, inbound).count > taken {
            let count = shell.data(on: 2, inbound).count - taken
            two.apply(.consumed(stream: inbound, count), now: shell.now)
            taken += count
            shell.run()
        }
        #expect(shell.data(on: 2, inbound) == bytes)
        // More than there was gives nothing more back.
        two.apply(.consumed(stream: inbound, 1 << 20), now: shell.now)
        shell.run()
        #expect(shell.connections[1]!.windows[1]!.sendWindow <= 16 << 20)
    }

    @Test func smallPiecesForTheNodeAreJoined() {
        let shell = pair()
        let (one, two) = (shell.links[1]!, shell.links[2]!)
        for handle in [1 << 31, 1 << 31 | 1] as [UInt32] {
            one.apply(.openStream(stream: handle, protocolIDs: [Pair.ping.name]), now: shell.now)
        }
        shell.run()
        // Frames of one byte, on two streams by turns, all of which come in one turn.
        for count in 0..<20_000 as Range<UInt32> {
            one.apply(.send(stream: 1 << 31 | count & 1, [UInt8(truncatingIfNeeded: count / 2)], droppable: false), now: shell.now)
        }
        one.turn(now: shell.now)
        var bytes = [UInt8](copying: shell.connections[1]!.wire.bytes)
        shell.connections[1]!.wireTaken(bytes.count)
        bytes.withUnsafeMutableBytes {
            shell.connections[2]!.receive($0, now: shell.now)
            two.turn(now: shell.now)
        }
        let events = two.takeEvents()
        #expect(events.count < 20, "\(events.count) events")
        var received: [UInt32: [UInt8]] = [:]
        for case .data(let stream, let piece) in events { received[stream, default: []] += piece }
        #expect(received.count == 2)
        for (_, bytes) in received { #expect(bytes == bytes.indices.map { UInt8(truncatingIfNeeded: $0) }) }
    }

    @Test func aRefusedStreamIsTold() {
        let shell = pair()
        shell.links[1]!.apply(.openStream(stream: 1 << 31, protocolIDs: [[0x2f, 0x78]]), now: shell.now)
        shell.run()
        #expect(shell.events[1]!.contains(.streamFailed(stream: 1 << 31, .unsupportedProtocol)))
    }

    @Test func applicationsWriteFromCallbacks() throws {
        let shell = pair()
        shell.echoes = true
        let owner = Collector()
        owner.toSend = .pattern(1 << 20)
        let id = try shell.links[1]!.openStream([Pair.echo.name], owner: owner, now: shell.now)
        owner.push(id, shell.links[1]!)
        owner.finishesWhenSent = true
        shell.run()
        #expect(owner.received == .pattern(1 << 20))
        #expect(owner.closedWith == .some(nil))
        #expect(shell.inbound[0].owner.closedWith == .some(nil))
    }

    @Test func whatFollowsTheLastMessageWaitsForTheNextOwner() {
        let shell = pair()
        let (one, two) = (shell.links[1]!, shell.links[2]!)
        let handle: UInt32 = 1 << 31
        one.apply(.openStream(stream: handle, protocolIDs: [MemoryShell.stop.name], handsOver: .afterOneMessage), now: shell.now)
        // One message of three bytes, then the circuit's first bytes, in the same frame and in the next.
        one.apply(.send(stream: handle, [3, 7, 8, 9, 100, 101], droppable: false), now: shell.now)
        one.apply(.send(stream: handle, [102], droppable: false), now: shell.now)
        shell.run()
        let inbound = shell.handle(openedOn: 2)!
        #expect(shell.data(on: 2, inbound) == [3, 7, 8, 9])
        one.apply(.send(stream: handle, [103], droppable: false), now: shell.now)
        one.apply(.finish(stream: handle), now: shell.now)
        shell.run()
        let owner = Collector()
        two.setOwner(owner, of: inbound)
        #expect(owner.received == [100, 101, 102, 103])
        #expect(owner.isFinished)
        #expect(shell.data(on: 2, inbound) == [3, 7, 8, 9])
    }

    @Test func aStreamThatIsGoneTellsItsNewOwner() {
        let shell = pair()
        let owner = Collector()
        shell.links[1]!.setOwner(owner, of: 77)
        #expect(owner.closedWith == .some(.closed))
    }

    @Test func nothingIsKeptOfAClosedLink() throws {
        let shell = pair()
        weak let link = shell.links[1]
        weak var gone: Collector?
        do {
            let owner = Collector()
            gone = owner
            _ = try shell.links[1]!.openStream([Pair.echo.name], owner: owner, now: shell.now)
            shell.run()
            shell.links[1]!.apply(.close(.shutdown), now: shell.now)
            shell.run()
            #expect(owner.closedWith == .some(.connection(.closed(.shutdown))))
        }
        #expect(gone == nil)
        shell.forget(1)
        #expect(link == nil)
    }
}
