import CausewayIdentity
import Testing

@testable import CausewayWebRTC

@Suite("SCTP: hostile data") struct HostileDataTests {
    private let kilobyte = [UInt8](repeating: 5, count: 1000)

    @Test func aTSNFarAheadIsDropped() {
        let remote = ScriptedRemote.connected()
        for ahead in [65536, 1 << 20, 1 << 30, 0x7fff_ffff] as [UInt32] {
            remote.data([1], tsn: remote.tsn.advanced(by: ahead - 1).next)
        }
        #expect(remote.victim.association.reassembly.heldChunks == 0)
        #expect(remote.acknowledged()?.gaps == 0)
        remote.data([1], tsn: remote.tsn.advanced(by: 65534))
        #expect(remote.victim.association.reassembly.heldChunks == 0, "it is the first message of its stream")
        #expect(remote.acknowledged()?.gaps == 1)
    }

    /// Only what is delivered or waits takes room, and the window says how much.
    @Test func aGapFillsTheWindowOnce() {
        let remote = ScriptedRemote.connected()
        let limits = SCTPLimits()
        for index in 1...9000 as ClosedRange<UInt32> {
            remote.data(kilobyte, sequence: UInt16(index), tsn: remote.tsn.advanced(by: index))
            if index % 100 == 0 { remote.output() }
        }
        let held = remote.victim.association.reassembly.heldBytes
        #expect(held >= limits.receiveWindow && held < limits.receiveWindow + 1000)
        #expect(remote.acknowledged().map { $0.window } ?? 0 == 0)
        // The chunk that all wait for is taken nevertheless, and opens the window.
        remote.data(kilobyte)
        #expect(remote.victim.association.reassembly.heldBytes == 0)
        #expect(remote.acknowledged()?.window == UInt32(limits.receiveWindow))
    }

    @Test func tinyChunksBehindAGapAreCounted() {
        let remote = ScriptedRemote.connected()
        for index in 1...20000 as ClosedRange<UInt32> {
            remote.data([1], sequence: UInt16(index), tsn: remote.tsn.advanced(by: index))
            if index % 100 == 0 { remote.output() }
        }
        let association = remote.victim.association
        #expect(association.reassembly.heldChunks == SCTPLimits().heldChunks)
        #expect(association.reassembly.heldBytes == SCTPLimits().heldChunks)
        #expect(association.heldBytes > 100 * SCTPLimits().heldChunks, "each costs more than its byte")
    }

    @Test func anApplicationThatTakesNothingClosesTheWindow() {
        let remote = ScriptedRemote.connected()
        remote.victim.consumes = false
        remote.victim.keepsMessages = false
        for index in 0..<6000 { remote.data(kilobyte, sequence: UInt16(index)) }
        #expect(remote.victim.byteCount <= SCTPLimits().receiveWindow + 1000)
        #expect(remote.acknowledged()?.window == 0)
        // A SACK opens it again, although nothing else is to be said.
        remote.victim.association.consumed(remote.victim.byteCount, on: StreamID(0))
        #expect(remote.acknowledged()?.window == UInt32(SCTPLimits().receiveWindow))
    }

    /// One stream is left lying: the others get their turn after a time.
    @Test func aStreamThatStarvesOthersIsReset() {
        let remote = ScriptedRemote.connected()
        remote.victim.consumes = false
        remote.victim.keepsMessages = false
        remote.data([1], on: 4)
        for index in 0..<6000 { remote.data(kilobyte, on: 8, sequence: UInt16(index)) }
        remote.output()
        remote.pass(.seconds(29))
        #expect(!remote.victim.log.contains("failed 8 starvesOthers"))
        remote.pass(.seconds(2))
        #expect(remote.victim.log.contains("failed 8 starvesOthers"))
        #expect(remote.output().contains(.reconfiguration))
    }

    @Test func aSlowReaderIsNotStarving() {
        let remote = ScriptedRemote.connected()
        remote.victim.consumes = false
        remote.victim.keepsMessages = false
        remote.data([1], on: 4)
        var sequence: UInt16 = 0
        for _ in 0..<120 {
            for _ in 0..<5000 where remote.victim.association.reassembly.window > 0 {
                remote.data(kilobyte, on: 8, sequence: sequence)
                sequence &+= 1
            }
            remote.pass(.seconds(1))
            remote.victim.association.consumed(20000, on: StreamID(8))
            remote.output()
        }
        #expect(!remote.victim.log.contains("failed 8 starvesOthers"))
    }

    @Test func aMessageThatNeverEndsIsRefused() {
        let remote = ScriptedRemote.connected()
        remote.victim.keepsMessages = false
        for index in 0..<400 { remote.data(kilobyte, index == 0 ? .begin : []) }
        #expect(remote.victim.byteCount <= SCTPLimits().messageBytes)
        #expect(remote.victim.log == ["connected", "failed 0 messageTooLong"])
        #expect(remote.output().contains(.reconfiguration))
        // Other streams are untouched.
        remote.data([9], on: 1)
        #expect(remote.victim.byteCount % 1000 == 1)
    }

    @Test func anUnorderedMessageThatNeverEndsIsBounded() {
        let remote = ScriptedRemote.connected()
        for index in 0..<9000 {
            remote.data(kilobyte, index == 0 ? [.begin, .unordered] : .unordered)
            if index % 100 == 0 { remote.output() }
        }
        let limits = SCTPLimits()
        #expect(remote.victim.association.reassembly.heldBytes <= limits.receiveWindow + limits.messageBytes + 1000)
        remote.data(kilobyte, [.end, .unordered])
        #expect(remote.victim.byteCount == 0)
    }

    @Test func anUnorderedMessageThatIsTooLongIsRefused() {
        let remote = ScriptedRemote.connected()
        for index in 0..<300 { remote.data(kilobyte, index == 0 ? [.begin, .unordered] : index == 299 ? [.end, .unordered] : .unordered) }
        #expect(remote.victim.log == ["connected", "failed 0 messageTooLong"])
        #expect(remote.victim.association.reassembly.heldBytes == 0)
    }

    /// A message that is missing although nothing is lost; fragments without a beginning; a message in another.
    @Test(arguments: 0..<4) func fragmentsThatDoNotFollow(_ kind: Int) {
        let remote = ScriptedRemote.connected()
        switch kind {
        case 0: remote.data([1], sequence: 1)
        case 1: remote.data([1], .end)
        case 2:
            remote.data([1], .begin)
            remote.data([2], .begin)
        default:
            remote.data([1], .begin)
            remote.data([2], sequence: 1, .end)
        }
        #expect(remote.victim.log == ["connected", "failed 0 outOfSequence"])
        // What follows is discarded, until the remote begins anew.
        remote.data([3], sequence: 7)
        #expect(remote.victim.messages.isEmpty)
        remote.requestReset([0], number: 1000, last: remote.tsn.previous)
        remote.data([4])
        #expect(remote.victim.messages.map(\.bytes) == [[4]])
    }

    @Test func aStreamThatWasNeverOffered() {
        let remote = ScriptedRemote.connected()
        remote.data([1], on: .max)
        let error = remote.outputChunks().first { $0.type == ChunkType.error.rawValue }
        #expect(error?.bytes == [0, 1, 0, 8, 255, 255, 0, 0])
        remote.data([2], on: 0)
        #expect(remote.victim.messages.map(\.bytes) == [[2]] && remote.acknowledged()?.cumulative == remote.tsn.previous)
    }

    @Test func tooManyStreams() {
        let remote = ScriptedRemote.connected()
        for stream in 0..<20000 as Range<UInt16> {
            remote.data([1], on: stream)
            if stream % 16 == 0 { remote.output() }
        }
        #expect(remote.victim.messages.count == SCTPLimits().streams)
        #expect(remote.victim.association.streams.count <= SCTPLimits().streams)
        #expect(remote.victim.log.contains("failed 5000 tooManyStreams"))
    }

    @Test func duplicatesAreReportedInPart() {
        let remote = ScriptedRemote.connected()
        remote.data([1])
        for _ in 0..<1000 { remote.data([1], tsn: remote.tsn.previous) }
        let sack = remote.acknowledged()
        #expect(sack?.duplicates == SCTPLimits().duplicateReports && sack?.cumulative == remote.tsn.previous)
        #expect(remote.victim.messages.count == 1)
    }

    @Test func gapsAreReportedInPart() {
        let remote = ScriptedRemote.connected()
        for index in 1...2000 as ClosedRange<UInt32> {
            remote.data([1], on: 1, sequence: UInt16(index), tsn: remote.tsn.advanced(by: index * 2))
        }
        #expect(remote.acknowledged()?.gaps == SCTPLimits().gapReports)
    }

    /// Each chunk comes before all that wait: they need not move for it.
    @Test func theWorstOrder() {
        let remote = ScriptedRemote.connected()
        for index in (1...8000 as ClosedRange<UInt32>).reversed() {
            remote.data([UInt8(truncatingIfNeeded: index)], sequence: UInt16(index), tsn: remote.tsn.advanced(by: index))
            if index % 64 == 0 { remote.output() }
        }
        remote.data([0])
        #expect(remote.victim.messages.map(\.bytes) == (0...8000).map { [UInt8(truncatingIfNeeded: $0)] })
    }
}
