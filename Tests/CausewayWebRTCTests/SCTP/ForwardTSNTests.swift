import CausewayIdentity
import Testing

@testable import CausewayWebRTC

@Suite("SCTP: messages that are given up") struct ForwardTSNTests {
    @Test func withoutSupportItIsUnknown() {
        let remote = ScriptedRemote.connected(features: [.reconfiguration])
        remote.forward(to: remote.tsn.advanced(by: 5))
        #expect(remote.output() == [.error])
        remote.data([1])
        #expect(remote.victim.messages.map(\.bytes) == [[1]])
    }

    @Test func laterMessagesAreDelivered() {
        let remote = ScriptedRemote.connected()
        let first = remote.tsn
        remote.data([1], .begin)
        remote.data([3], sequence: 1, tsn: first.advanced(by: 3))
        remote.data([4], sequence: 2, .begin, tsn: first.advanced(by: 4))
        remote.data([9], on: 1, [.begin, .unordered], tsn: first.advanced(by: 6))
        #expect(remote.victim.messages.isEmpty)
        // Message 0 is given up, and an unordered one; 1 is whole, of 2 the rest comes.
        remote.forward(to: first.advanced(by: 2), [(0, 0)])
        #expect(remote.victim.log == ["connected", "abandoned 0"])
        #expect(remote.victim.messages.map(\.bytes) == [[3]])
        remote.data([5], sequence: 2, .end, tsn: first.advanced(by: 5))
        #expect(remote.victim.messages.map(\.bytes) == [[3], [4, 5]])
        remote.forward(to: first.advanced(by: 7))
        #expect(remote.victim.association.reassembly.heldChunks == 0)
        #expect(remote.acknowledged()?.cumulative == first.advanced(by: 7))
    }

    /// Of the messages that are given up, those that are here whole are delivered nevertheless.
    @Test func wholeMessagesAreDelivered() {
        let remote = ScriptedRemote.connected()
        let first = remote.tsn
        remote.data([2], sequence: 1, tsn: first.advanced(by: 1))
        remote.data([3], sequence: 2, .begin, tsn: first.advanced(by: 2))
        remote.data([5], sequence: 3, .begin, tsn: first.advanced(by: 4))
        remote.data([6], sequence: 3, .end, tsn: first.advanced(by: 5))
        remote.forward(to: first.advanced(by: 5), [(0, 3)])
        #expect(remote.victim.messages.map(\.bytes) == [[2], [5, 6]])
        remote.data([7], sequence: 4, tsn: first.advanced(by: 6))
        #expect(remote.victim.messages.count == 3)
        #expect(remote.victim.association.reassembly.heldBytes == 0)
    }

    /// A message that begins before the one before it has ended: only the second is whole.
    @Test func aMessageInAnotherIsGivenUpAlone() {
        let remote = ScriptedRemote.connected()
        let first = remote.tsn
        remote.data([1], sequence: 1, .begin, tsn: first.advanced(by: 1))
        remote.data([2], sequence: 2, tsn: first.advanced(by: 2))
        remote.data([3], sequence: 3, .begin, tsn: first.advanced(by: 3))
        remote.data([4], sequence: 4, .end, tsn: first.advanced(by: 4))
        remote.forward(to: first.advanced(by: 4), [(0, 4)])
        #expect(remote.victim.messages.map(\.bytes) == [[2]])
        #expect(remote.victim.association.reassembly.heldChunks == 0)
    }

    @Test func oneThatGoesBackOrFarAheadIsIgnored() {
        let remote = ScriptedRemote.connected()
        remote.data([1])
        for target in [remote.tsn.previous, TSN(0), remote.tsn.advanced(by: 1 << 20)] { remote.forward(to: target, [(0, 500)]) }
        remote.data([2], sequence: 1)
        #expect(remote.victim.messages.map(\.bytes) == [[1], [2]])
    }

    @Test func aLongListOfStreamsIsBounded() {
        let remote = ScriptedRemote.connected()
        for round in 0..<60 as Range<UInt16> {
            remote.forward(to: remote.tsn.advanced(by: UInt32(round)), (0..<290).map { (round * 290 + $0, 7) })
            remote.output()
        }
        #expect(remote.victim.association.reassembly.known.count == SCTPLimits().streams)
    }
}
