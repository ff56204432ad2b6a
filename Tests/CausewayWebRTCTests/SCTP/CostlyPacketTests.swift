import CausewayIdentity
import Testing

@testable import CausewayWebRTC

/// Packets that ask for much work. What one costs must not grow with what the association holds already, or a remote that has filled it
/// once makes each further packet dear. So each test does the same to an association that holds little and to one that holds as much as it
/// may, and compares the CPU time. What they found first had ratios of hundreds.
@Suite("SCTP: packets that cost much", .serialized) struct CostlyPacketTests {
    private static let limits = SCTPLimits()
    private static let most = 20.0

    private func expectAlike(_ little: Double, _ much: Double, _ location: SourceLocation = #_sourceLocation) {
        #expect(much < Self.most * little, "\(Int(much)) against \(Int(little)) ns", sourceLocation: location)
    }

    /// Fragments of unordered messages without an end, behind a gap.
    private func holding(fragments: Int) -> ScriptedRemote {
        let remote = ScriptedRemote.connected()
        let first = remote.tsn.advanced(by: 10_000)
        for index in 0..<fragments {
            remote.data([1], on: 1, [.unordered, .begin], tsn: first.advanced(by: UInt32(index)))
            if index % 100 == 0 { remote.output() }
        }
        remote.output()
        return remote
    }

    @Test func fragmentsOfUnorderedMessagesAreFew() {
        let remote = holding(fragments: 3000)
        #expect(remote.victim.association.reassembly.heldChunks == Self.limits.heldFragments)
        // The one that all wait for is taken, and so is everything else.
        remote.data([2], on: 1, [.unordered, .begin])
        #expect(remote.victim.association.reassembly.heldChunks == Self.limits.heldFragments + 1)
        remote.data([3], on: 2)
        #expect(remote.victim.messages.map(\.bytes) == [[3]])
    }

    /// Each comes before all that are there: they are looked at for an end again and again.
    @Test func fragmentsInTheWorstOrder() {
        func fragments(_ count: Int) -> Double {
            let remote = ScriptedRemote.connected()
            return cpuTime {
                for index in (1...count).reversed() {
                    remote.data([1], .unordered, tsn: remote.tsn.advanced(by: UInt32(index)))
                    if index % 64 == 0 { remote.output() }
                }
            }
        }
        expectAlike(8 * fragments(1000), fragments(8000))
    }

    @Test func givingUpOneAfterTheOther() {
        func forwards(_ remote: ScriptedRemote) -> Double {
            cpuTime {
                for _ in 0..<20 {
                    remote.inject { writer in
                        for _ in 0..<100 {
                            remote.tsn = remote.tsn.next
                            writer.block(UInt16(ChunkType.forwardTSN.rawValue) << 8) { $0.number32(remote.tsn.raw) }
                        }
                    }
                }
            }
        }
        expectAlike(forwards(holding(fragments: 1)), forwards(holding(fragments: 8000)))
    }

    /// Each leap leaves one chunk before it and one behind it.
    @Test func leapingFar() {
        func leaps(of size: UInt32) -> Double {
            let remote = ScriptedRemote.connected()
            return cpuTime {
                for _ in 0..<200 {
                    remote.data([1], on: 1, .unordered, tsn: remote.tsn.advanced(by: size + 100))
                    remote.tsn = remote.tsn.advanced(by: size)
                    remote.forward(to: remote.tsn)
                    remote.output()
                }
            }
        }
        expectAlike(leaps(of: 100), leaps(of: 60_000))
    }

    @Test func resettingManyStreams() {
        func resets(_ remote: ScriptedRemote) -> Double {
            for stream in 100..<700 as Range<UInt16> { remote.data([1], on: stream) }
            remote.output()
            return cpuTime { remote.requestReset(Array(100..<700), number: 1000, last: remote.tsn.previous) }
        }
        expectAlike(resets(holding(fragments: 1)), resets(holding(fragments: 8000)))
    }

    /// Ordered messages that begin and do not end, all given up at once.
    @Test func givingUpBeginnings() {
        func beginnings(_ count: UInt16) -> Double {
            let remote = ScriptedRemote.connected()
            let first = remote.tsn
            for index in 1...count {
                remote.data([1], sequence: index, .begin, tsn: first.advanced(by: UInt32(index)))
                if index % 100 == 0 { remote.output() }
            }
            return cpuTime { remote.forward(to: first.advanced(by: UInt32(count)), [(0, count)]) }
        }
        expectAlike(8 * beginnings(1000), beginnings(8000))
    }

    /// SACKs that say what the last one said, about many chunks that were lost.
    @Test func endlessSACKs() throws {
        func acknowledgements(_ count: Int) throws -> Double {
            let remote = ScriptedRemote.connected(window: 1 << 24)
            // So that the window is as large.
            var last = remote.victimTSN.previous
            while remote.victim.association.transmission.sent.count < count {
                last = last.advanced(by: UInt32(remote.victim.association.transmission.sent.count))
                remote.acknowledge(last, window: 1 << 24)
                remote.now = remote.now + .milliseconds(50)
                for _ in 0..<count { try? remote.victim.send([UInt8](repeating: 1, count: 1000), on: 0) }
                for _ in 0..<100 {
                    remote.output()
                    remote.pass(.milliseconds(1))
                }
            }
            let sent = UInt16(remote.victim.association.transmission.sent.count)
            remote.now = remote.now + .milliseconds(200)
            return cpuTime {
                for _ in 0..<2000 { remote.acknowledge(last, window: 1 << 24, gaps: [(sent, sent)]) }
            }
        }
        expectAlike(try acknowledgements(4), try acknowledgements(1500))
    }
}
