import CausewayIdentity
import Testing

@testable import CausewayConnection

@Suite struct FlowTests {
    @Test func aWriterStopsAtTheWindowAndGoesOn() throws {
        let pair = Pair.established()
        pair.listener.consumes = false
        let id = try pair.open()
        let all = [UInt8].pattern(600_000)
        var sent = try pair.dialler.write(id, all)
        pair.run()
        while pair.dialler.outputs.last == .writable(id) {
            pair.dialler.outputs.removeLast()
            sent += try pair.dialler.write(id, [UInt8](all[sent...]))
            pair.run()
        }
        let window = Int(Yamux.initialWindow)
        #expect(sent > window - 100 && sent < window)
        #expect(pair.listener.data[id]?.count == sent)
        while sent < all.count {
            pair.listener.machine.consumed(id, pair.listener.data[id]!.count - (pair.consumed))
            pair.consumed = pair.listener.data[id]!.count
            pair.run()
            #expect(pair.dialler.outputs.last == .writable(id))
            pair.dialler.outputs.removeLast()
            sent += try pair.dialler.write(id, [UInt8](all[sent...]))
            pair.run()
        }
        #expect(pair.listener.data[id] == all)
    }

    @Test func aSlowReaderHoldsNobodyElseUp() throws {
        let pair = Pair.established()
        let (slow, quick) = (try pair.open(), try pair.open())
        pair.listener.consumes = false
        pair.listener.onOutput = { [machine = pair.listener.machine] output in
            if case .data(quick, _, let count) = output { machine.consumed(quick, count) }
        }
        _ = try pair.dialler.write(slow, .pattern(1 << 20))
        pair.run()
        let all = [UInt8].pattern(1 << 20)
        var sent = 0
        while sent < all.count {
            let taken = try pair.dialler.write(quick, [UInt8](all[sent...]))
            sent += taken
            pair.run()
        }
        #expect(pair.listener.data[quick] == all)
        #expect(pair.listener.data[slow]!.count < 256 << 10)
    }

    @Test func windowsGrowWithTheRoundTripUpToTheirLimit() throws {
        var limits = ConnectionLimits()
        limits.maximumWindow = 2 << 20
        let pair = Pair(limits: limits)
        pair.latency = .milliseconds(50)
        pair.run()
        let id = try pair.open()
        let piece = [UInt8](repeating: 7, count: 64 << 10)
        var sent = 0
        while sent < 12 << 20 {
            let taken = try pair.dialler.write(id, piece)
            sent += taken
            if taken < piece.count { pair.run() }
        }
        #expect(pair.listener.connection.windows[id]?.windowSize == 2 << 20)
        #expect(pair.listener.connection.windowGrowth == (2 << 20) - (256 << 10))
        pair.dialler.machine.reset(id)
        pair.run()
        #expect(pair.listener.connection.windowGrowth == 0)
    }

    @Test func windowsOfOneConnectionGrowWithinItsBudget() throws {
        var limits = ConnectionLimits()
        limits.windowsPerConnection = 1 << 20
        let pair = Pair(limits: limits)
        pair.latency = .milliseconds(50)
        pair.run()
        let ids = try (0..<4).map { _ in try pair.open() }
        let piece = [UInt8](repeating: 7, count: 64 << 10)
        for _ in 0..<40 {
            for id in ids { while try pair.dialler.write(id, piece) == piece.count {} }
            pair.run()
        }
        #expect(pair.listener.connection.windowGrowth == 1 << 20)
        #expect(pair.listener.connection.windows.values.reduce(0) { $0 + Int($1.windowSize) } == 2 << 20)
    }

    @Test func aSlowReadersWindowDoesNotGrow() throws {
        let pair = Pair(limits: ConnectionLimits())
        pair.latency = .milliseconds(1)
        pair.run()
        let id = try pair.open()
        let piece = [UInt8](repeating: 7, count: 64 << 10)
        for _ in 0..<20 {
            _ = try pair.dialler.write(id, piece)
            pair.run()
            pair.pass(.seconds(1))
        }
        #expect(pair.listener.connection.windows[id]?.windowSize == Yamux.initialWindow)
    }

    @Test func theWireHoldsWritersBackAndLetsThemGoInTurn() throws {
        let pair = Pair.established()
        let ids = try (0..<4).map { _ in try pair.open() }
        let piece = [UInt8](repeating: 7, count: 200 << 10)
        var taken = try ids.map { try pair.dialler.write($0, piece) }
        #expect(taken[0] == piece.count)
        #expect(taken[3] == 0)
        let held = pair.dialler.connection.wire.count
        #expect(held <= pair.dialler.machine.limits.wireHighWater + (33 << 10))
        var order: [UInt32] = []
        pair.dialler.onOutput = { output in
            guard case .writable(let id) = output, let index = ids.firstIndex(of: id) else { return }
            order.append(id)
            taken[index] += (try? pair.dialler.write(id, [UInt8](piece[taken[index]...]))) ?? 0
        }
        pair.run()
        pair.dialler.onOutput = { _ in }
        #expect(taken == [piece.count, piece.count, piece.count, piece.count])
        #expect(order.first == ids[1])
        for id in ids { #expect(pair.listener.data[id]?.count == piece.count) }
    }

    @Test func anIdleConnectionHoldsNoBuffers() throws {
        let pair = Pair.established()
        let id = try pair.open()
        try pair.dialler.write(id, .pattern(200_000))
        pair.run()
        for side in [pair.dialler, pair.listener] {
            let capacity = side.connection.wire.mutableBytes.count
            #expect(capacity == 0)
            #expect(side.connection.stashed == 0)
            #expect(!side.machine.hasOutputs)
            #expect(side.connection.waiting.capacity == 0)
            #expect(side.connection.upgrade == nil)
        }
    }

    // Signs of life.

    @Test func silenceIsAskedAndLifeGoesOn() {
        let pair = Pair.established()
        pair.latency = .milliseconds(10)
        pair.pass(.seconds(600))
        #expect(pair.dialler.closed == nil)
        #expect(pair.listener.closed == nil)
        #expect(
            pair.dialler.outputs.contains(.roundTrip(.milliseconds(20))) || pair.listener.outputs.contains(.roundTrip(.milliseconds(20))))
    }

    @Test func aProbeThatNobodyAnswersIsTheEnd() throws {
        let pair = Pair.established()
        let machine = pair.dialler.machine
        let start = pair.now + .seconds(1)
        machine.probe(now: start)
        let size = pair.dialler.connection.wire.count
        #expect(size > 0)
        // One probe at a time.
        machine.probe(now: start + .seconds(1))
        let sizeThen = pair.dialler.connection.wire.count
        #expect(sizeThen == size)
        machine.advance(to: start + .milliseconds(2_999))
        #expect(!machine.isClosed)
        machine.advance(to: start + .seconds(3))
        pair.dialler.poll()
        #expect(pair.dialler.closed == .closed(.unresponsive))
    }

    @Test func silenceWithoutEndIsTheEnd() throws {
        let pair = Pair.established()
        let id = try pair.open()
        let machine = pair.dialler.machine
        let start = pair.now
        var now = start
        while !machine.isClosed {
            now = machine.nextDeadline
            #expect(now <= start + .seconds(45))
            machine.advance(to: now)
            _ = pair.dialler.takeWire()
            pair.dialler.poll()
        }
        #expect(now - start == .seconds(45))
        #expect(pair.dialler.closed == .closed(.unresponsive))
        #expect(pair.dialler.has(.streamClosed(id, .connection(.closed(.unresponsive)))))
    }

    @Test func anythingReceivedIsASignOfLife() {
        let pair = Pair.established()
        let machine = pair.dialler.machine
        let start = pair.now
        machine.advance(to: start + .seconds(30))
        pair.listener.connection.sendPing(in: pair.listener.machine)
        pair.dialler.receive(pair.listener.takeWire(), now: start + .seconds(40))
        machine.advance(to: start + .seconds(46))
        #expect(!machine.isClosed)
        #expect(machine.nextDeadline == start + .seconds(70))
    }
}
