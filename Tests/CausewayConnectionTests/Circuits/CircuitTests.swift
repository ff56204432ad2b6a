import CausewayIdentity
import Testing

@testable import CausewayConnection

/// A dials R, B dials R, R splices a stream of A's with a stream of B's, and A and B run a connection of their own over it.
private final class Relayed {
    let shell = MemoryShell()
    let dialler: Link
    let target: Link
    let source: SpliceLeg
    let sink: SpliceLeg
    let handle: UInt32 = 1 << 31

    /// - Parameter dials: whether the dialler speaks once its circuit stands.
    init(
        limit: CircuitLimit = .unlimited, told: CircuitLimit? = nil, relayLimits: ConnectionLimits = ConnectionLimits(), dials: Bool = true
    ) {
        _ = shell.link(1, initiator: true)
        _ = shell.link(2, initiator: false, limits: relayLimits)
        _ = shell.link(3, initiator: false, limits: relayLimits)
        _ = shell.link(4, initiator: true)
        shell.connect(1, 2)
        shell.connect(4, 3)
        // The dialler's hop stream, and the relay's stop stream to the target, with their control messages.
        shell.links[1]!.apply(.openStream(stream: handle, protocolIDs: [MemoryShell.hop.name], handsOver: .afterOneMessage), now: shell.now)
        shell.links[1]!.apply(.send(stream: handle, [1, 9], droppable: false), now: shell.now)
        shell.links[3]!.apply(
            .openStream(stream: handle, protocolIDs: [MemoryShell.stop.name], handsOver: .afterOneMessage), now: shell.now)
        shell.links[3]!.apply(.send(stream: handle, [1, 8], droppable: false), now: shell.now)
        shell.run()
        let hop = shell.handle(openedOn: 2)!
        let stop = shell.handle(openedOn: 4)!
        let inside = MemoryShell.settings.configuration(isInitiator: true, expecting: nil, isInCircuit: true, entropy: Secret([])).limits
        dialler = shell.link(10, initiator: true, limits: inside)
        target = shell.link(11, initiator: false, limits: inside)
        // The target answers and may speak at once, before the relay has spliced.
        shell.links[4]!.apply(.send(stream: stop, [1, 7], droppable: false), now: shell.now)
        let carried = told ?? limit
        CircuitTransport(inner: target, shell.connections[11]!, over: shell.links[4]!, stream: stop, limit: carried, now: shell.now).start(
            now: shell.now)
        shell.run()
        shell.links[2]!.apply(.send(stream: hop, [1, 6], droppable: false), now: shell.now)
        source = SpliceLeg(circuit: 5, isSource: true, link: shell.links[2]!, stream: hop, limit: limit.bytes, observer: shell)
        sink = SpliceLeg(circuit: 5, isSource: false, link: shell.links[3]!, stream: handle, limit: limit.bytes, observer: shell)
        SpliceLeg.join(source, sink)
        shell.run()
        guard dials else { return }
        CircuitTransport(inner: dialler, shell.connections[10]!, over: shell.links[1]!, stream: handle, limit: carried, now: shell.now)
            .start(now: shell.now)
        shell.run()
    }

    func open(_ bytes: [UInt8]) throws -> Collector {
        let owner = Collector()
        owner.toSend = bytes
        let id = try dialler.openStream([Pair.echo.name], owner: owner, now: shell.now)
        owner.push(id, dialler)
        return owner
    }
}

@Suite struct CircuitTests {
    @Test func aCircuitCarriesAConnection() throws {
        let relayed = Relayed()
        #expect(relayed.shell.events[10]!.contains { if case .established = $0 { true } else { false } })
        #expect(relayed.shell.events[11]!.contains { if case .established = $0 { true } else { false } })
        relayed.shell.echoes = true
        let owner = try relayed.open(.pattern(1 << 20))
        owner.finishesWhenSent = true
        relayed.shell.run()
        #expect(owner.received == .pattern(1 << 20))
        #expect(owner.closedWith == .some(nil))

        relayed.dialler.apply(.close(.application), now: relayed.shell.now)
        relayed.shell.run()
        #expect(relayed.shell.events[10]!.last == .closed(.closed(.application)))
        #expect(relayed.shell.events[11]!.last == .closed(.goAway(code: 0)))
        #expect(relayed.shell.spliceEnds.count == 2)
        #expect(relayed.shell.spliceEnds.allSatisfy { $0.cause == .finished && $0.moved > 1 << 20 })
        for id in 1...4 as ClosedRange<UInt32> { #expect(relayed.shell.links[id]!.multiplexer.streams.count == 0) }
        #expect(relayed.dialler.carrier == nil)
        #expect(relayed.target.carrier == nil)
    }

    @Test func whatBothEndsSendAheadGoesIntoTheSplice() {
        let shell = MemoryShell()
        for id in 1...4 as ClosedRange<UInt32> { _ = shell.link(id, initiator: id == 1 || id == 4) }
        shell.connect(1, 2)
        shell.connect(4, 3)
        let handle: UInt32 = 1 << 31
        // A message of one byte each, and what lies behind it.
        shell.links[1]!.apply(.openStream(stream: handle, protocolIDs: [MemoryShell.hop.name], handsOver: .afterOneMessage), now: shell.now)
        shell.links[1]!.apply(.send(stream: handle, [1, 9, 50, 51], droppable: false), now: shell.now)
        shell.links[3]!.apply(
            .openStream(stream: handle, protocolIDs: [MemoryShell.stop.name], handsOver: .afterOneMessage), now: shell.now)
        shell.links[3]!.apply(.send(stream: handle, [1, 8], droppable: false), now: shell.now)
        shell.run()
        let (hop, stop) = (shell.handle(openedOn: 2)!, shell.handle(openedOn: 4)!)
        shell.links[4]!.apply(.send(stream: stop, [1, 7, 60, 61, 62], droppable: false), now: shell.now)
        shell.run()
        #expect(shell.data(on: 2, hop) == [1, 9] && shell.data(on: 3, handle) == [1, 7])

        shell.links[2]!.apply(.send(stream: hop, [1, 6], droppable: false), now: shell.now)
        let source = SpliceLeg(circuit: 5, isSource: true, link: shell.links[2]!, stream: hop, limit: nil, observer: shell)
        let sink = SpliceLeg(circuit: 5, isSource: false, link: shell.links[3]!, stream: handle, limit: nil, observer: shell)
        SpliceLeg.join(source, sink)
        let (near, far) = (Collector(), Collector())
        shell.links[1]!.setOwner(near, of: handle)
        shell.links[4]!.setOwner(far, of: stop)
        shell.run()
        #expect(shell.data(on: 1, handle).isEmpty && near.received == [1, 6, 60, 61, 62] && far.received == [50, 51])
        #expect(source.moved == 2 && sink.moved == 3)
    }

    @Test func aLegThatIsEndedBeforeItStartsEndsWhenItDoes() {
        let shell = MemoryShell()
        _ = shell.link(1, initiator: true)
        _ = shell.link(2, initiator: false)
        shell.connect(1, 2)
        let handle: UInt32 = 1 << 31
        shell.links[1]!.apply(
            .openStream(stream: handle, protocolIDs: [MemoryShell.stop.name], handsOver: .afterOneMessage), now: shell.now)
        shell.run()
        // On another thread the other leg has found its link gone.
        let leg = SpliceLeg(circuit: 5, isSource: false, link: shell.links[1]!, stream: handle, limit: nil, observer: shell)
        leg.end(.failed(.notConnected))
        leg.start(peer: leg)
        shell.run()
        #expect(shell.spliceEnds.map(\.cause) == [.failed(.notConnected)])
        #expect(shell.links[1]!.multiplexer.streams.count == 0)
    }

    @Test func aSlowReaderIsFeltAtTheFarEnd() throws {
        let relayed = Relayed()
        let owner = try relayed.open([])
        relayed.shell.run()
        let reader = relayed.shell.inbound[0].owner
        reader.consumes = false
        owner.toSend = .pattern(1 << 20)
        owner.push(1, relayed.dialler)
        relayed.shell.run()
        // The stream's window, less what negotiating it took.
        #expect(reader.received.count > 255 << 10 && reader.received.count < 256 << 10)
        #expect(reader.received.count + owner.toSend.count == 1 << 20)

        // A neighbour on the same circuit is not held up.
        relayed.shell.echoes = true
        let neighbour = try relayed.open(.pattern(100_000))
        relayed.shell.run()
        #expect(neighbour.received == .pattern(100_000))

        reader.consumes = true
        relayed.target.consumed(1, reader.received.count)
        relayed.shell.run()
        #expect(reader.received == .pattern(1 << 20))
    }

    @Test func aRelayQueuesNoMoreThanAWindow() throws {
        let relayed = Relayed()
        _ = try relayed.open(.pattern(2 << 20))
        // The target's link takes nothing: the relay holds the wire and what the source's window allows.
        relayed.shell.stalled = [3]
        relayed.shell.run()
        #expect(relayed.source.moved <= 2 * (256 << 10) + (64 << 10))
        relayed.shell.stalled = []
        relayed.shell.run()
        #expect(relayed.shell.inbound[0].owner.received == .pattern(2 << 20))
    }

    /// The source sends and is gone, in order or not, while the target's line is slow.
    @Test(arguments: [0, 104]) func whatTheRelayHoldsArrivesAfterItsSenderIsGone(errno: Int32) throws {
        let relayed = Relayed()
        _ = try relayed.open(.pattern(1 << 20))
        relayed.shell.stalled = [3]
        relayed.shell.run()
        let moved = Int(relayed.source.moved)
        relayed.shell.links[2]!.linkClosed(errno: errno)
        relayed.shell.run()
        #expect(relayed.shell.spliceEnds.map(\.isSource) == [true])
        relayed.shell.stalled = []
        relayed.shell.run()
        // All but the beginning of a frame.
        let arrived = relayed.shell.inbound[0].owner.received.count
        #expect(moved > 256 << 10 && arrived > moved - (66 << 10))
        #expect(relayed.shell.spliceEnds.count == 2)
        #expect(relayed.shell.links[3]!.multiplexer.streams.count == 0)
    }

    /// The circuit's time is up, although its target has not taken what is queued.
    @Test func theNodeEndsACircuitThatWaitsForItsReader() throws {
        let relayed = Relayed()
        _ = try relayed.open(.pattern(1 << 20))
        relayed.shell.stalled = [3]
        relayed.shell.run()
        relayed.shell.links[2]!.linkClosed(errno: 0)
        relayed.sink.end(.ended)
        relayed.shell.stalled = []
        relayed.shell.run()
        #expect(relayed.shell.spliceEnds.count == 2)
        #expect(relayed.shell.inbound[0].owner.received.count < 1 << 20)
    }

    @Test func theLimitIsToldToBothEnds() throws {
        let limit = CircuitLimit(bytes: 128 << 10, seconds: 120)
        let relayed = Relayed(limit: limit)
        let owner = try relayed.open(.pattern(256 << 10))
        relayed.shell.run()
        let reader = relayed.shell.inbound[0].owner
        // Whole frames of the inner connection arrive: three of 32 KiB.
        #expect(reader.received.count > 95 << 10)
        #expect(reader.received == [UInt8](([UInt8].pattern(256 << 10))[..<reader.received.count]))
        for collector in [owner, reader] {
            guard case .circuitLimit(.circuitBytes, let value, let moved)?? = collector.closedWith else {
                Issue.record("not the circuit's limit: \(String(describing: collector.closedWith))")
                continue
            }
            #expect(value == 128 << 10)
            #expect(moved >= 128 << 10)
        }
        #expect(relayed.shell.events[10]!.last == .closed(.limit(.circuitBytes, value: 128 << 10)))
        #expect(relayed.shell.events[11]!.last == .closed(.limit(.circuitBytes, value: 128 << 10)))
        #expect(relayed.shell.spliceEnds.first { $0.isSource }?.moved == 128 << 10)
        #expect(relayed.shell.spliceEnds.allSatisfy { $0.cause == .limit })
        // Nothing else of the peers suffers.
        #expect(relayed.shell.links[1]!.multiplexer.isEstablished)
        #expect(relayed.shell.links[3]!.multiplexer.isEstablished)
    }

    @Test func theNodeEndsACircuit() throws {
        let relayed = Relayed(told: CircuitLimit(bytes: nil, seconds: 120))
        let owner = try relayed.open([1])
        relayed.shell.run()
        relayed.shell.now = relayed.shell.now + .seconds(120)
        relayed.source.end(.ended)
        relayed.sink.end(.ended)
        relayed.shell.run()
        #expect(relayed.shell.spliceEnds.map { $0.cause } == [.ended, .ended])
        guard case .circuitLimit(.circuitDuration, 120, _)?? = owner.closedWith else {
            Issue.record("not the circuit's limit: \(String(describing: owner.closedWith))")
            return
        }
    }

    @Test func aCircuitOnWhichNobodySpeaksIsGivenBackToTheRelay() throws {
        let relayed = Relayed(dials: false)
        relayed.shell.now = relayed.shell.now + .seconds(30)
        relayed.target.advance(to: relayed.shell.now)
        relayed.shell.run()
        #expect(relayed.shell.events[11]!.last == .closed(.timedOut(.multistream)))
        // Both legs are over, although the dialler has not ended its own.
        #expect(relayed.shell.spliceEnds.count == 2)
        #expect(relayed.shell.links[3]!.multiplexer.streams.count == 0)
        #expect(relayed.shell.links[2]!.multiplexer.streams.count == 0)
    }

    @Test func aCircuitWhoseOtherEndDoesNotEndItIsGivenBackToTheRelay() throws {
        let relayed = Relayed()
        // The dialler says nothing from here on.
        relayed.shell.stalled = [1]
        relayed.target.apply(.close(.application), now: relayed.shell.now)
        relayed.shell.run()
        #expect(relayed.shell.events[11]!.last == .closed(.closed(.application)) && relayed.shell.spliceEnds.isEmpty)
        relayed.shell.now = relayed.shell.now + .seconds(30)
        relayed.shell.links[4]!.advance(to: relayed.shell.now)
        relayed.shell.run()
        #expect(relayed.shell.spliceEnds.count == 2)
        #expect(relayed.shell.links[3]!.multiplexer.streams.count == 0)
    }

    @Test func theEndOfOneLinkEndsTheCircuit() throws {
        let relayed = Relayed()
        let owner = try relayed.open([1])
        relayed.shell.run()
        relayed.shell.links[3]!.linkClosed(errno: 104)
        relayed.shell.run()
        #expect(relayed.shell.spliceEnds.count == 2)
        #expect(owner.closedWith == .some(.connection(.link(errno: 0))))
        #expect(relayed.shell.links[2]!.multiplexer.streams.count == 0)
        #expect(relayed.shell.links[1]!.multiplexer.isEstablished)
    }
}
