import CausewayConnection
import CausewayIdentity
import Testing

@testable import CausewayNode

/// What a bad remote can make of hole punching.
@Suite struct HolePunchAttackTests {
    @Test func streamsOnOtherConnectionsAreReset() {
        let direct = PunchBench(isInitiator: false)
        direct.connect(2002, 8, isInbound: false, path: .direct(.tcp))
        #expect(direct.bench.wasReset(direct.open(on: 2002)) && direct.punches == 0)
        // The initiator is who accepted the relayed connection.
        let inbound = PunchBench(isInitiator: true)
        #expect(inbound.bench.wasReset(inbound.open()) && inbound.punches == 1)
    }

    @Test func messagesOutOfOrderEndIt() throws {
        let early = PunchBench(isInitiator: false)
        let stream = early.open()
        early.receive(.sync, on: stream)
        #expect(early.fault(stream) == fault(.unexpectedType) && early.dials.isEmpty)
        let twice = PunchBench(isInitiator: false)
        let other = twice.open()
        twice.receive(.connect, [punchedAddress], on: other)
        twice.receive(.connect, [punchedAddress], on: other)
        #expect(twice.fault(other) == fault(.unexpectedType) && twice.dials.isEmpty)
        let answer = PunchBench(isInitiator: true)
        answer.receive(.sync, on: try #require(answer.opened.first))
        #expect(answer.fault(answer.opened[0]) == fault(.unexpectedType))
    }

    @Test(arguments: [true, false]) func badMessagesEndIt(isInitiator: Bool) throws {
        let bad: [([UInt8], HolePunchFault)] = [
            ([0x80, 0x21], .messageTooLong), ([0xff, 0xff, 0xff, 0xff], .messageTooLong), ([0x80, 0], .malformed), ([0], .malformed),
            ([2, 8, 101], .unexpectedType), ([2, 0x12, 9], .malformed), ([2, 10, 0], .malformed),
            (HolePunchMessage(.connect).framed, .noAddress),
        ]
        for (bytes, expected) in bad {
            let punch = PunchBench(isInitiator: isInitiator)
            let stream = isInitiator ? try #require(punch.opened.first) : punch.open()
            punch.receive(bytes, on: stream)
            #expect(punch.fault(stream) == fault(expected), "\(bytes)")
        }
        // As long as a message may be, but an address of hundreds that nobody reads.
        let long = PunchBench(isInitiator: isInitiator)
        let stream = isInitiator ? try #require(long.opened.first) : long.open()
        let named = (0..<240).map { address("/ip4/203.0.113.\($0)/tcp/4001") }
        let message = HolePunchMessage(.connect, named).framed
        #expect(message.count <= HolePunchLimits().messageSize + 2)
        long.receive(message, on: stream)
        if !isInitiator { long.receive(.sync, on: stream) }
        long.bench.wait(.milliseconds(10))
        #expect(Set(long.dials.map(\.address)).count == HolePunchLimits().addresses)
    }

    @Test func onlySoManyAddressesAreRead() throws {
        let named = (0..<HolePunchMessage.addresses + 1).map { address("/ip4/203.0.113.\($0)/tcp/1") }
        #expect(try HolePunchMessage(ProtobufReader(HolePunchMessage(.connect, named).body)).addresses == Array(named.dropLast()))
    }

    @Test func addressesThatMayNotBeDialledAreLeftOut() {
        let punch = PunchBench(isInitiator: false)
        let stream = punch.open()
        punch.receive(
            .connect,
            [
                "/ip4/127.0.0.1/tcp/1", "/ip4/224.0.0.1/tcp/1", "/ip4/0.0.0.0/tcp/1", "/ip4/169.254.1.1/tcp/1", "/ip4/203.0.113.5/tcp/0",
                "/ip4/203.0.113.5/udp/1", "/ip4/203.0.113.5/tcp/1/ws", "/dns4/example.com/tcp/1", relayedAddress,
                "/ip4/192.168.1.2/tcp/4001",
                "/ip4/203.0.113.5/tcp/1/p2p/\(peer(8).description)", "/ip4/192.168.1.3/tcp/1", punchedAddress, punchedAddress,
                "/ip4/203.0.113.6/tcp/1/p2p/\(peer(7).description)",
            ], on: stream)
        punch.receive(.sync, on: stream)
        let dialled = punch.dials.filter { $0.role != .dialler }.map(\.address)
        #expect(dialled == ["/ip4/192.168.1.3/tcp/1", punchedAddress, "/ip4/203.0.113.6/tcp/1"].map { address($0) })
        // A node with a public address has no business in private networks.
        let open = PunchBench(isInitiator: false, seen: nil)
        open.bench.node.listening([address("/ip4/198.51.100.1/tcp/4001"), address("/ip4/192.168.1.2/tcp/4001")], now: open.bench.now)
        let other = open.open()
        open.receive(.connect, ["/ip4/192.168.1.3/tcp/1"], on: other)
        #expect(open.fault(other) == fault(.noAddress))
    }

    /// A round trip of nothing is one without a wait; one of an hour never ends.
    @Test func strangeRoundTrips() throws {
        let quick = PunchBench(isInitiator: true)
        quick.receive(.connect, [punchedAddress], on: quick.opened[0])
        quick.bench.wait(.milliseconds(1))
        #expect(quick.dials.count == 2)
        let slow = PunchBench(isInitiator: true)
        slow.bench.stall(.seconds(3600))
        slow.bench.wait(.milliseconds(1))
        #expect(slow.fault(slow.opened[0]) == .failed(.timedOut(.holePunching)))
        slow.receive(.connect, [punchedAddress], on: slow.opened[0])
        #expect(slow.dials.isEmpty)
    }

    @Test func silentRemotesAreGivenUp() {
        let punch = PunchBench(isInitiator: false)
        let stream = punch.open()
        punch.bench.wait(.seconds(10))
        #expect(punch.fault(stream) == .failed(.timedOut(.holePunching)))
        let half = PunchBench(isInitiator: false)
        let other = half.open()
        half.receive(.connect, [punchedAddress], on: other)
        half.bench.wait(.seconds(10))
        #expect(half.fault(other) == .failed(.timedOut(.holePunching)))
        let gone = PunchBench(isInitiator: false)
        let last = gone.open()
        gone.bench.feed(.finished(stream: last.stream), gone.circuit)
        #expect(gone.fault(last) == fault(.endedEarly))
        let cut = PunchBench(isInitiator: true)
        cut.bench.feed(.streamClosed(stream: cut.opened[0].stream, .reset(code: 0)), cut.circuit)
        #expect(cut.punches == 0 && cut.outcomes.last?.result == fault(.endedEarly))
    }

    /// A remote that begins again and again makes this node dial no more than two rounds' worth.
    @Test func aRemoteBeginsOnlySoOften() {
        let punch = PunchBench(isInitiator: false)
        func begin(_ count: Int) -> Int {
            let before = punch.dials.count
            for index in 0..<count {
                let stream = punch.open(UInt32(101 + 2 * index))
                punch.receive(.connect, [punchedAddress], on: stream)
                punch.receive(.sync, on: stream)
            }
            return punch.dials.count - before
        }
        #expect(begin(100) == 2 * HolePunchLimits().heardAttempts)
        punch.bench.wait(HolePunchLimits().heardSpan)
        #expect(begin(1) == 2)
    }

    @Test func onlySoManyAtATime() {
        var limits = HolePunchLimits()
        limits.punches = 2
        let punch = PunchBench(isInitiator: false, limits: limits)
        for number in UInt8(10)...12 {
            punch.connect(3000 + UInt32(number) * 2, number, isInbound: false)
            let stream = punch.open(on: 3000 + UInt32(number) * 2)
            #expect(punch.bench.wasReset(stream) == (number == 12))
        }
        punch.bench.node.shutdown(now: punch.bench.now)
        #expect(punch.punches == 0)
    }
}

extension HolePunchMessage {
    /// Without its length, which takes two bytes.
    fileprivate var body: [UInt8] { Array(framed.dropFirst(2)) }
}
