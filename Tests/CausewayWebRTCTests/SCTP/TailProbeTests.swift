import CausewayIdentity
import Testing

@testable import CausewayWebRTC

@Suite struct TailProbeTests {
    /// A remote in the same process answers in no time: a probe that is due when it is armed would never let its sender rest.
    @Test(arguments: [0, 1, 400_000] as [UInt64]) func aProbeIsNeverDueAtOnce(nanoseconds: UInt64) {
        for isAlone in [true, false] {
            #expect(TailProbe.time(smoothed: Interval(nanoseconds: nanoseconds), isAlone: isAlone) >= .milliseconds(1))
        }
    }

    @Test func aLoneChunkIsGivenTheTimeOfALateAcknowledgement() {
        let smoothed = Interval.milliseconds(30)
        #expect(TailProbe.time(smoothed: smoothed, isAlone: false) == .milliseconds(60))
        #expect(TailProbe.time(smoothed: smoothed, isAlone: true) == .milliseconds(260))
        #expect(TailProbe.time(smoothed: nil, isAlone: true) == .seconds(1))
    }
}
