import CausewayConnection
import Testing

@testable import Causeway

/// Resumable streams whose carriers end, seen from the acceptor. The test plays their openers.
@Suite(.timeLimit(.minutes(1))) struct LostCarrierTests {
    private static let carrierName = "/causeway/resumable/1/own/1"

    /// An acceptor's streams, and what brings them one carrier after the other: each begins or resumes stream `token`, and is reset then.
    private func withCarriers(
        deadline: Interval,
        _ body:
            @escaping @Sendable (_ resumables: ResumableStreams, _ carry: (_ token: UInt8, _ isNew: Bool) async throws -> Void) async throws
            -> Void
    ) async throws {
        try await withNodes([configuration(listen: [tcp]), configuration()]) { nodes in
            var limits = ResumptionLimits()
            limits.deadline = deadline
            let resumables = ResumableStreams(limits)
            let carriers = try await nodes[0].streams(for: Self.carrierName)
            let place = await nodes[0].addresses[0]
            try await body(resumables) { token, isNew in
                let carrier = try await nodes[1].open(Self.carrierName, to: place)
                let position = [UInt8](repeating: 0, count: 8)
                try await carrier.write([isNew ? 0 : 1] + [UInt8](repeating: token, count: 16) + position)
                let accepted = try #require(await carriers.next())
                let serving = Task { await resumables.serve(accepted, on: nodes[0].shell) { _ in } }
                #expect(try await carrier.read(exactly: 9) == [0] + position)
                carrier.reset()
                await serving.value
            }
        }
    }

    /// Openers that come and go leave nothing behind, and one timer looks after all that wait for one.
    @Test func openersThatComeAndGoLeaveOneTimer() async throws {
        try await withCarriers(deadline: .seconds(3600)) { resumables, carry in
            for number in 0..<40 {
                try await carry(1, number == 0)
                #expect(resumables.lost == (1, 1))
            }
            try await carry(2, true)
            #expect(resumables.lost == (2, 1))
            resumables.end()
            #expect(resumables.lost.streams == 0 && resumables.count == 0)
        }
    }

    @Test func aStreamWhoseOpenerStaysAwayEnds() async throws {
        try await withCarriers(deadline: .milliseconds(200)) { resumables, carry in
            for token in 1...2 as ClosedRange<UInt8> { try await carry(token, true) }
            try await until { resumables.count == 0 && resumables.lost == (0, 0) }
        }
    }
}
