import CausewayIdentity
import Testing

@testable import CausewayConnection

/// One end of a wire in memory. What it is told to send goes into the link at the other end.
private final class MemoryCarrier: Carrier {
    let id: UInt32
    private(set) var link: Link?
    private var connection: Connection?
    var other: MemoryCarrier?
    /// It takes nothing at the moment.
    var isHeld = false
    /// It says of each flush that something went.
    var neverStops = false
    var flushes = 0
    var isClosed = false

    init(_ id: UInt32) { self.id = id }

    func carry(_ started: (link: Link, connection: Connection)) { (link, connection) = started }

    func flush() -> Bool {
        flushes += 1
        guard !isHeld, let connection, !connection.wire.isEmpty else { return neverStops }
        var bytes = [UInt8](copying: connection.wire.bytes)
        connection.wireTaken(bytes.count)
        guard let remote = other?.link, let end = other?.connection else { return true }
        bytes.withUnsafeMutableBytes {
            end.receive($0, now: remote.now)
            remote.turn(now: remote.now)
        }
        remote.markDirty()
        return true
    }

    func isDone(afterGoodbye: Bool) -> Bool { connection?.wire.isEmpty ?? true }
    func close() { isClosed = true }
}

/// The links of one node, over memory and in virtual time.
private final class MemorySet: LinkSetHost {
    var now = Instant(nanoseconds: 1_000_000_000)
    private(set) var links: LinkSet!
    var events: [UInt32: [LinkEvent]] = [:]
    var gone: [UInt32] = []
    var inbound: [Collector] = []
    private var seed: UInt8 = 1
    private var far: MemorySet?

    init() {
        links = LinkSet(MemoryShell.settings, host: self)
    }

    func entropy(_ count: Int) -> Secret {
        seed += 1
        return Secret((0..<UInt8(count)).map { $0 &* 3 &+ seed &* 17 })
    }

    func linkReported(_ events: [LinkEvent], from link: UInt32) { self.events[link, default: []] += events }

    func streamOpened(_ stream: UInt32, entry: ProtocolTable.Entry, on link: Link) {
        let owner = Collector()
        inbound.append(owner)
        link.setOwner(owner, of: stream)
    }

    func linksHaveWork() {}
    func linkIsGone(_ link: UInt32) { gone.append(link) }

    /// A link of the set, and another one of it or of `far`, that are each other's remotes.
    func connect(_ dialler: UInt32, _ listener: UInt32, of far: MemorySet? = nil) -> (MemoryCarrier, MemoryCarrier) {
        self.far = far
        let (one, two) = (MemoryCarrier(dialler), MemoryCarrier(listener))
        (one.other, two.other) = (two, one)
        one.carry(links.start(dialler, over: one, isInitiator: true, expecting: nil))
        two.carry((far ?? self).links.start(listener, over: two, isInitiator: false, expecting: nil))
        run()
        return (one, two)
    }

    func run() {
        repeat {
            links.turn(now: now)
            far?.links.turn(now: now)
        } while links.hasWork || far?.links.hasWork ?? false
    }

    func wait(_ interval: Interval) {
        let end = now + interval
        while links.nextDeadline <= end {
            now = max(now, links.nextDeadline)
            run()
        }
        now = end
    }

    func isEstablished(_ link: UInt32) -> Bool { events[link, default: []].contains { if case .established = $0 { true } else { false } } }
}

@Suite struct LinkSetTests {
    private let set = MemorySet()

    @Test func aLinkGoesWhenItsLastBytesHaveLeft() {
        let (one, _) = set.connect(1, 2)
        #expect(set.isEstablished(1) && set.isEstablished(2))
        one.isHeld = true
        set.links.apply(.close(.application), to: 1)
        set.run()
        #expect(set.events[1]?.last == .closed(.closed(.application)) && set.gone.isEmpty && !one.isClosed)
        one.isHeld = false
        one.link?.markDirty()
        set.run()
        #expect(set.gone == [1, 2] && one.isClosed && set.links.count == 0)
        #expect(set.events[2]?.last == .closed(.goAway(code: 0)))
    }

    @Test func lastBytesThatDoNotLeaveAreNotWaitedForLong() {
        let (one, _) = set.connect(1, 2)
        one.isHeld = true
        set.links.apply(.close(.application), to: 1)
        set.run()
        set.wait(.milliseconds(1999))
        #expect(!one.isClosed)
        set.wait(.milliseconds(2))
        #expect(one.isClosed && set.gone == [1])
    }

    @Test(arguments: [LinkCommand.cancelDial, .close(.pruned)]) func aDialThatIsGivenUpEndsOnce(_ command: LinkCommand) throws {
        let carrier = MemoryCarrier(4)
        set.links.insert(4, over: carrier)
        set.links.apply(.reset(stream: 1), to: 4)
        #expect(set.events.isEmpty)
        set.links.apply(command, to: 4)
        set.links.apply(command, to: 4)
        #expect(set.events == [4: [.closed(.closed(try #require(command.endOfDial)))]])
        #expect(set.gone == [4] && carrier.isClosed)
    }

    @Test func aDialThatStandsIsNotCancelled() {
        let (one, _) = set.connect(4, 5)
        set.links.apply(.cancelDial, to: 4)
        set.run()
        #expect(!one.isClosed && set.links.count == 2)
    }

    @Test func whatIsNoLinkInTimeIsClosed() {
        let carrier = MemoryCarrier(3)
        set.links.insert(3, over: carrier)
        set.links.setDeadline(set.now + .seconds(1), of: 3)
        // Later moments hold, too, though the set looks at the first one.
        set.links.setDeadline(set.now + .seconds(2), of: 3)
        set.wait(.seconds(1))
        #expect(!carrier.isClosed)
        set.wait(.seconds(1))
        #expect(carrier.isClosed && set.gone == [3] && set.events.isEmpty)
    }

    @Test func aBrokenCarrierEndsItsLink() {
        _ = set.connect(1, 2)
        set.links.fail(1, .link(errno: 104))
        set.run()
        #expect(set.events[1]?.last == .closed(.link(errno: 104)) && set.gone == [1])
    }

    @Test func aLinkThatAlwaysHasMoreLeavesOthersTheirTurn() {
        let (one, two) = set.connect(1, 2)
        (one.flushes, two.flushes) = (0, 0)
        one.neverStops = true
        one.link?.markDirty()
        two.link?.markDirty()
        set.links.turn(now: set.now)
        #expect(one.flushes == 4 && two.flushes == 1 && set.links.hasWork)
    }

    @Test func aFrameInsideACircuitFillsOneOutside() throws {
        let (one, _) = set.connect(1, 2)
        set.links.apply(.openStream(stream: 1 << 31, protocolIDs: [MemoryShell.hop.name], handsOver: .afterOneMessage), to: 1)
        set.run()
        set.links.openCircuit(10, over: 1, stream: 1 << 31, isInitiator: true, expecting: nil, limit: CircuitLimit(bytes: 1, seconds: nil))
        set.run()
        let inner = try #require(set.links.link(10))
        #expect(inner.multiplexer.limits.framePayload + 30 == set.links.limits.framePayload && inner.multiplexer.isLimited)
        #expect(inner.carrier === set.links.carrier(of: 10))
        #expect(!one.isClosed)
    }

    @Test func aCircuitOverALinkThatIsGoneFails() {
        set.links.openCircuit(10, over: 1, stream: 1 << 31, isInitiator: true, expecting: nil, limit: nil)
        #expect(set.events == [10: [.closed(.link(errno: 0))]] && set.gone == [10])
    }

    @Test func whatIsServedHoldsForAllLinks() {
        _ = set.connect(1, 2)
        let entry = ProtocolTable.Entry(name: [UInt8]("/late/1".utf8), owner: .application, allowsLimited: true)
        set.links.setProtocols(ProtocolTable([entry]))
        _ = set.connect(3, 4)
        for link in set.links.links {
            #expect(link.multiplexer.entry(for: entry.name) == entry && link.multiplexer.entry(for: Pair.echo.name) == nil)
        }
    }

    @Test func aSetThatShutsDownWaitsForCircuitsAndFinishedStreams() throws {
        let far = MemorySet()
        let (one, _) = set.connect(1, 2, of: far)
        let waiting = MemoryCarrier(20)
        set.links.insert(20, over: waiting)
        set.links.apply(.openStream(stream: 1 << 31, protocolIDs: [MemoryShell.hop.name], handsOver: .afterOneMessage), to: 1)
        set.run()
        set.links.openCircuit(10, over: 1, stream: 1 << 31, isInitiator: true, expecting: nil, limit: nil)
        let owner = Collector()
        owner.toSend = [1, 2, 3]
        owner.finishesWhenSent = true
        let link = try #require(set.links.link(1))
        let stream = try link.openStream([Pair.echo.name], owner: owner, now: set.now)
        one.isHeld = true
        owner.push(stream, link)
        set.run()

        set.links.shutDown()
        set.run()
        #expect(set.gone == [20, 10] && set.events[20] == [.closed(.closed(.shutdown))])
        #expect(set.links.link(1)?.multiplexer.isClosed == false)
        one.isHeld = false
        one.link?.markDirty()
        set.run()
        #expect(far.inbound.first?.received == [1, 2, 3] && far.events[2]?.last == .closed(.goAway(code: 0)))
        #expect(set.events[1]?.last == .closed(.closed(.shutdown)) && set.gone == [20, 10, 1])
        set.links.openCircuit(12, over: 1, stream: 1, isInitiator: true, expecting: nil, limit: nil)
        #expect(set.events[12] == [.closed(.closed(.shutdown))])
    }

    @Test func nothingIsLeftOfLinksThatAreForgotten() {
        weak var carrier: MemoryCarrier?
        do {
            let (one, two) = set.connect(1, 2)
            (one.other, two.other) = (nil, nil)
            carrier = one
        }
        #expect(carrier != nil)
        set.links.forget()
        #expect(carrier == nil && set.links.count == 0 && !set.links.hasWork)
    }
}
