import CausewayIdentity
import Testing

@testable import CausewayWebRTC

@Suite("SCTP: streams begin anew") struct ResetTests {
    @Test func aResetComesAfterTheData() throws {
        let network = AssociationNetwork(path: .init(lost: 100))
        network.connect()
        try network.left.send([UInt8](repeating: 1, count: 100_000), on: 4)
        network.left.association.reset(StreamID(4))
        #expect(throws: SendError.streamClosing) { try network.left.send([1], on: 4) }
        #expect(network.run(for: .seconds(60)) { network.left.log.last == "done 4" })
        #expect(network.right.log == ["connected", "reset 4"] && network.right.messages.count == 1)
        // The number is used again, from the first message on.
        try network.left.send([2], on: 4)
        #expect(network.run(for: .seconds(60)) { network.right.messages.last?.bytes == [2] })
        #expect(network.left.association.streams[4]?.sequence == StreamSequenceNumber(1))
    }

    /// Streams of all sizes come and go, over a path that loses, repeats and reorders.
    @Test(arguments: 0..<20) func manyStreamsComeAndGo(_ seed: UInt64) throws {
        let network = AssociationNetwork(
            seed: seed, path: .init(lost: 50, duplicated: 50, late: 100, lateness: .milliseconds(100)))
        network.connect()
        var random = Dice(seed: seed)
        var sent: [[UInt8]] = []
        for _ in 0..<3 {
            for stream in 0..<200 as Range<UInt16> {
                let message = random.bytes(1 + random.below(3000))
                sent.append(message)
                try network.left.send(message, on: stream)
                network.left.association.reset(StreamID(stream))
            }
            let done = network.left.log.count + 200
            #expect(network.run(for: .seconds(200)) { network.left.log.count == done }, "seed \(seed)")
        }
        #expect(network.right.messages.count == 600, "seed \(seed)")
        #expect(Set(network.right.messages.map(\.bytes)) == Set(sent), "seed \(seed)")
        #expect(network.right.log.filter { $0.hasPrefix("reset") }.count == 600, "seed \(seed)")
        #expect(network.left.association.streams.isEmpty && network.right.association.reassembly.known.isEmpty, "seed \(seed)")
    }

    /// The request overtakes the data: it waits, and is answered when the data is here.
    @Test func aRequestWaitsForItsData() {
        let remote = ScriptedRemote.connected()
        let first = remote.tsn
        remote.requestReset([3], number: 1000, last: first)
        #expect(remote.response() == .inProgress)
        remote.requestReset([3], number: 1000, last: first)
        #expect(remote.response() == .inProgress)
        // No second request before this one is done.
        remote.requestReset([5], number: 1001, last: first)
        #expect(remote.response() == .badNumber)
        #expect(remote.victim.log == ["connected"])
        remote.data([1], on: 3)
        #expect(remote.victim.log == ["connected", "reset 3"] && remote.victim.messages.count == 1)
        #expect(remote.response() == .performed)
        // Once more, since the answer may be lost; nothing happens twice.
        remote.requestReset([3], number: 1000, last: first)
        #expect(remote.response() == .performed && remote.victim.log == ["connected", "reset 3"])
        remote.requestReset([5], number: 1001, last: first)
        #expect(remote.response() == .performed)
    }

    @Test func aResetInTheMiddleOfAMessageAbandonsIt() {
        let remote = ScriptedRemote.connected()
        remote.data([1], on: 3, .begin)
        remote.requestReset([3], number: 1000, last: remote.tsn.previous)
        #expect(remote.victim.log == ["connected", "abandoned 3", "reset 3"])
    }

    @Test func noListMeansAllStreams() {
        let remote = ScriptedRemote.connected()
        for stream in 0..<3 as Range<UInt16> { remote.data([1], on: stream) }
        remote.requestReset([], number: 1000, last: remote.tsn.previous)
        #expect(remote.victim.log == ["connected", "reset 0", "reset 1", "reset 2"])
    }

    @Test func numbersOutOfTurnAreBad() {
        let remote = ScriptedRemote.connected()
        for number in [1001, 998, 0] as [UInt32] {
            remote.requestReset([3], number: number, last: remote.tsn.previous)
            #expect(remote.response() == .badNumber)
        }
    }

    /// More streams; or that this side begin some of its streams, or all of them, anew (RFC 6525, sections 4.5 and 4.2).
    @Test func otherRequestsAreDenied() throws {
        let remote = ScriptedRemote.connected()
        try remote.victim.send([1], on: 6)
        remote.output()
        for (number, type, rest) in [(1000, 17, [0, 5, 0, 0]), (1001, 14, [0, 6, 0, 7]), (1002, 14, [])] as [(UInt32, UInt16, [UInt8])] {
            remote.inject {
                $0.block(0x8200) {
                    $0.block(type) {
                        $0.number32(number)
                        $0.bytes(rest)
                    }
                }
            }
            #expect(remote.response() == .denied)
        }
        #expect(!remote.victim.association.isClosing(StreamID(6)))
        remote.requestReset([3], number: 1003, last: remote.tsn.previous)
        #expect(remote.response() == .performed)
    }

    @Test func aRequestGoesOutAgainUntilItIsAnswered() throws {
        let remote = ScriptedRemote.connected()
        remote.victim.association.reset(StreamID(2))
        #expect(remote.output() == [.reconfiguration])
        let number = RequestNumber(remote.victimTSN.raw)
        remote.pass(.milliseconds(400))
        #expect(remote.output() == [])
        remote.pass(.milliseconds(200))
        #expect(remote.output() == [.reconfiguration])
        // "In progress" is no last word, and resets the count of attempts.
        for _ in 0..<30 {
            remote.respond(.inProgress, to: number)
            remote.pass(.seconds(1))
            #expect(remote.output() == [.reconfiguration])
        }
        remote.respond(.performed, to: number.next)
        #expect(remote.victim.log == ["connected"])
        remote.respond(.performed, to: number)
        #expect(remote.victim.log == ["connected", "done 2"])
        remote.respond(.performed, to: number)
        #expect(remote.victim.log == ["connected", "done 2"])
    }

    @Test func aRequestThatNobodyAnswersEndsTheAssociation() {
        let remote = ScriptedRemote.connected()
        remote.victim.association.reset(StreamID(2))
        remote.output()
        remote.pass(.seconds(120))
        #expect(remote.victim.closed == .some(.remoteGone))
    }

    @Test func aRefusalIsReported() {
        let remote = ScriptedRemote.connected()
        remote.victim.association.reset(StreamID(2))
        remote.output()
        remote.respond(.denied, to: RequestNumber(remote.victimTSN.raw))
        #expect(remote.victim.log == ["connected", "refused 2"])
        let old = ScriptedRemote.connected(features: [])
        old.victim.association.reset(StreamID(2))
        #expect(old.output() == [])
        old.victim.pollEvents()
        #expect(old.victim.log == ["connected", "refused 2"])
    }

    @Test func manyStreamsTakeSeveralRequests() {
        let remote = ScriptedRemote.connected()
        for stream in 0..<500 as Range<UInt16> { remote.victim.association.reset(StreamID(stream)) }
        var number = RequestNumber(remote.victimTSN.raw)
        for expected in [135, 135, 135, 95] {
            let chunks = remote.outputChunks()
            #expect(chunks.count == 1 && chunks[0].bytes.count == 16 + 2 * expected)
            #expect(expected <= OutgoingResets.streamsPerRequest)
            remote.respond(.performed, to: number)
            number = number.next
        }
        #expect(remote.victim.log.count == 501)
    }
}
