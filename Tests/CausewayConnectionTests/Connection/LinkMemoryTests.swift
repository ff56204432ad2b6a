import CausewayIdentity
import Testing

@testable import CausewayConnection

/// What a remote can make a link keep.
@Suite struct LinkMemoryTests {
    private let limits: ConnectionLimits
    private let shell = MemoryShell()
    private let remote: Link
    private let link: Link
    private let handle: UInt32 = 1 << 31

    init() {
        var limits = ConnectionLimits()
        limits.held = 4 << 20
        self.limits = limits
        remote = shell.link(1, initiator: true)
        link = shell.link(2, initiator: false, limits: limits)
        shell.connect(1, 2)
    }

    private var told: [Int] { (shell.events[2] ?? []).compactMap { if case .held(let count) = $0 { count } else { nil } } }
    private var error: ConnectionError? {
        (shell.events[2] ?? []).compactMap { if case .closed(let error) = $0 { error } else { nil } }.first
    }

    /// Bytes for the link from a raw remote, all in one turn.
    private func deliver(_ frames: [UInt8]) {
        var position = 0
        while position < frames.count {
            let end = min(position + 60_000, frames.count)
            shell.connections[1]!.sendSealed([UInt8](frames[position..<end]))
            position = end
        }
        var bytes = [UInt8](copying: shell.connections[1]!.wire.bytes)
        shell.connections[1]!.wireTaken(bytes.count)
        bytes.withUnsafeMutableBytes {
            shell.connections[2]!.receive($0, now: shell.now)
            link.turn(now: shell.now)
        }
    }

    private func frame(_ kind: YamuxHeader.Kind, _ flags: YamuxHeader.Flags, _ stream: UInt32, _ body: [UInt8] = []) -> [UInt8] {
        var head = [UInt8](repeating: 0, count: Yamux.headerSize)
        let header = YamuxHeader(kind: kind, flags: flags, stream: stream, length: UInt32(body.count))
        head.withUnsafeMutableBytes { header.write(to: $0.baseAddress!) }
        return head + body
    }

    private func proposal(_ name: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        Multistream.append(Multistream.header, to: &bytes)
        Multistream.append(name, to: &bytes)
        return bytes
    }

    // MARK: Streams that are gone

    @Test func theNodeHearsNothingOfAStreamThatIsGone() {
        var frames: [UInt8] = []
        for number in 0..<1000 as Range<UInt32> {
            frames += frame(.data, .syn, 2 * number + 1, proposal(Pair.ping.name) + [1, 2, 3]) + frame(.windowUpdate, .rst, 2 * number + 1)
        }
        deliver(frames)
        #expect(link.takeEvents().filter { if case .held = $0 { false } else { true } }.isEmpty)
        deliver(frame(.data, .syn, 9999, proposal(Pair.ping.name) + [7]))
        #expect(
            Array(link.takeEvents().prefix(2)) == [.streamOpened(stream: 9999, protocolID: Pair.ping.name), .data(stream: 9999, [7])])
    }

    @Test func aStreamThatTheNodeTurnsDownCounts() {
        for number in 0..<3000 as Range<UInt32> {
            guard !link.multiplexer.isClosed else { break }
            deliver(frame(.data, .syn, 2 * number + 1, proposal(Pair.ping.name)))
            _ = link.takeEvents()
            link.apply(.reset(stream: 2 * number + 1), now: shell.now)
            link.turn(now: shell.now)
        }
        #expect(link.takeEvents().contains(.closed(.limit(.fruitlessStreams, value: 2048))))
    }

    // MARK: Bytes behind a message

    @Test func whatIsSentAheadIsBounded() {
        remote.apply(.openStream(stream: handle, protocolIDs: [MemoryShell.hop.name], handsOver: .afterOneMessage), now: shell.now)
        remote.apply(.send(stream: handle, [2, 8, 0] + .pattern(16 << 10), droppable: false), now: shell.now)
        shell.run()
        let inbound = shell.handle(openedOn: 2)!
        #expect(!shell.events[2]!.contains(.streamClosed(stream: inbound, .limit(.sentAhead, value: 16 << 10))))
        remote.apply(.send(stream: handle, [1], droppable: false), now: shell.now)
        shell.run()
        #expect(shell.events[2]!.contains(.streamClosed(stream: inbound, .limit(.sentAhead, value: 16 << 10))))
        #expect(shell.events[1]!.contains(.streamClosed(stream: handle, .reset(code: 0))))
        #expect(link.held < 1 << 10)
    }

    @Test(arguments: [true, false]) func nothingMayFollowAnAnswer(comesBefore: Bool) {
        remote.apply(.openStream(stream: handle, protocolIDs: [MemoryShell.hop.name], handsOver: .afterOneMessage), now: shell.now)
        remote.apply(.send(stream: handle, [2, 8, 0] + (comesBefore ? [9] : []), droppable: false), now: shell.now)
        shell.run()
        let inbound = shell.handle(openedOn: 2)!
        link.apply(.send(stream: inbound, [2, 8, 2], droppable: false), now: shell.now)
        link.apply(.finish(stream: inbound), now: shell.now)
        shell.run()
        if !comesBefore {
            #expect(!shell.events[2]!.contains(.streamClosed(stream: inbound, .limit(.sentAhead, value: 0))))
            remote.apply(.send(stream: handle, [9], droppable: false), now: shell.now)
            shell.run()
        }
        #expect(shell.data(on: 1, handle) == [2, 8, 2])
        #expect(shell.events[2]!.contains(.streamClosed(stream: inbound, .limit(.sentAhead, value: 0))))
    }

    // MARK: Concluded streams

    @Test func aConcludedStreamEndsSoon() {
        link.apply(.openStream(stream: handle, protocolIDs: [Pair.ping.name]), now: shell.now)
        shell.run()
        link.apply(.send(stream: handle, [1], droppable: false), now: shell.now)
        link.apply(.conclude(stream: handle), now: shell.now)
        shell.run()
        let inbound = shell.handle(openedOn: 1)!
        #expect(shell.events[1]!.contains(.finished(stream: inbound)))
        let count = shell.events[2]!.count
        // What still comes is thrown away.
        remote.apply(.send(stream: inbound, [1, 2, 3], droppable: false), now: shell.now)
        shell.run()
        #expect(link.multiplexer.streams.count == 1)
        shell.now = shell.now + .seconds(6)
        link.advance(to: shell.now)
        shell.run()
        #expect(link.multiplexer.streams.count == 0)
        #expect(shell.events[1]!.contains(.streamClosed(stream: inbound, .reset(code: 0))))
        #expect(shell.events[2]!.count == count)
    }

    /// Also one whose last words the remote does not read, and one that is not settled yet.
    @Test func aConcludedStreamEndsSoonWhateverItWaitsFor() {
        link.apply(.openStream(stream: handle, protocolIDs: [Pair.ping.name]), now: shell.now)
        link.apply(.conclude(stream: handle), now: shell.now)
        shell.run()
        link.apply(.openStream(stream: handle + 1, protocolIDs: [Pair.ping.name]), now: shell.now)
        shell.run()
        shell.stalled = [2]
        link.apply(.send(stream: handle + 1, .pattern(1 << 20), droppable: true), now: shell.now)
        link.apply(.conclude(stream: handle + 1), now: shell.now)
        shell.run()
        #expect(link.multiplexer.streams.count == 2)
        #expect(link.held > 1 << 20)
        shell.now = shell.now + .seconds(6)
        link.advance(to: shell.now)
        shell.run()
        #expect(link.multiplexer.streams.count == 0)
        #expect(link.held < 300 << 10)
    }

    // MARK: What it keeps in all

    @Test func streamsThatNobodyReadsCostTheConnectionAtTheBound() throws {
        shell.consumes = false
        var most = 0
        while error == nil, shell.inbound.count < 30 {
            let owner = Collector()
            owner.toSend = .pattern(256 << 10)
            _ = try remote.openStream([Pair.echo.name], owner: owner, now: shell.now)
            shell.run()
            most = max(most, link.held)
            shell.now = shell.now + .milliseconds(300)
        }
        #expect(error == .limit(.heldPerConnection, value: 4 << 20))
        // Sixteen windows of 256 KiB.
        #expect(shell.inbound.count == 16 && most <= 4 << 20)
        #expect(told.count >= 15 && told.last! >= 3 << 20)
    }

    @Test func whatIsLessIsToldTooThoughNothingComes() throws {
        shell.consumes = false
        let owner = Collector()
        owner.toSend = .pattern(200 << 10)
        _ = try remote.openStream([Pair.echo.name], owner: owner, now: shell.now)
        shell.run()
        #expect(told.last! >= 32 << 10)
        link.consumed(shell.inbound[0].stream, 200 << 10)
        shell.run()
        let next = link.multiplexer.nextDeadline
        #expect(next <= shell.now + .milliseconds(250))
        shell.now = next
        link.advance(to: next)
        shell.run()
        #expect(told.last! < 32 << 10)
    }

    @Test func whatWaitsForASlowReaderCounts() {
        link.apply(.openStream(stream: handle, protocolIDs: [Pair.ping.name]), now: shell.now)
        shell.run()
        shell.stalled = [2]
        link.apply(.send(stream: handle, .pattern(2 << 20), droppable: true), now: shell.now)
        shell.run()
        #expect(link.held >= 2 << 20)
        shell.stalled = []
        shell.run()
        while shell.data(on: 1, shell.handle(openedOn: 1)!).count < 2 << 20 {
            remote.apply(.consumed(stream: shell.handle(openedOn: 1)!, 256 << 10), now: shell.now)
            shell.run()
        }
        #expect(link.held < 10 << 10)
    }

    @Test func theNodeMayCutALink() {
        link.apply(.cut(.heldPerPlace, value: 5), now: shell.now)
        shell.run()
        #expect(error == .limit(.heldPerPlace, value: 5))
        #expect(shell.events[1]!.contains(.closed(.goAway(code: 2))))
    }
}
