import CausewayConnection
import CausewayIdentity
import CausewayNode
import Testing

@testable import CausewayRuntime

/// A relay, a peer with a place at it, and one that dials it: direct connections by `/webrtc` over loopback.
private struct Meeting {
    let relay: TestNode
    let answerer: TestNode
    let offerer: TestNode
    let circuit: Multiaddr

    static let loopback: [UInt8] = [127, 0, 0, 1]

    /// - Parameter addresses: of the answerer, and of the offerer.
    init(
        loops: Int = 1, addresses: ([[UInt8]], [[UInt8]]) = ([loopback], [loopback]), _ change: (inout NodeConfiguration) -> Void = { _ in }
    ) async throws {
        func peer(_ addresses: [[UInt8]]) throws -> TestNode {
            var shell = ShellConfiguration()
            shell.loops = loops
            shell.candidateAddresses = { addresses }
            return try TestNode(shell) {
                $0.webRTC = true
                change(&$0)
            }
        }
        relay = try TestNode { $0.relay = RelayLimits() }
        answerer = try peer(addresses.0)
        offerer = try peer(addresses.1)
        let address = try #require(try await relay.shell.listen([Multiaddr("/ip4/127.0.0.1/tcp/0")]).first)
        let place = address.appending(relay.peerID)
        let answer = await answerer.request { $0.reserve(request: $1, relayAddress: place, now: $2) }
        guard case .reserved = answer else { throw Refused(answer: answer) }
        circuit = place.appending(code: MultiaddrCode.p2pCircuit, value: [])
    }

    struct Refused: Error { let answer: Answer }

    func connect() async -> Answer { await offerer.connect(to: circuit.appending(.webRTC), answerer.peerID) }

    /// How the answerer calls the direct connection.
    func answererLink() async throws -> UInt32 {
        let event = await answerer.event {
            if case .happened(.connected(let connection)) = $0 { connection.path == .direct(.webRTC) } else { false }
        }
        guard case .happened(.connected(let connection)) = event else { return 0 }
        #expect(connection.isInbound && connection.peer == offerer.peerID)
        return connection.id
    }

    func stop() async {
        await offerer.stop()
        await answerer.stop()
        await relay.stop()
    }
}

@Suite(.timeLimit(.minutes(2))) struct SignalledTests {
    @Test(arguments: [1, 2], [[127, 0, 0, 1], [UInt8](repeating: 0, count: 15) + [1]] as [[UInt8]])
    func aRelayedConnectionBecomesDirectAndOutlivesTheRelay(loops: Int, address: [UInt8]) async throws {
        let meeting = try await Meeting(loops: loops, addresses: ([address], [address]))
        let link = try #require(await meeting.connect().link)
        let back = try await meeting.answererLink()
        await meeting.relay.stop()
        for size in [0, 1, 5000, 1 << 20] {
            let sent = pattern(size)
            #expect(try await meeting.offerer.echo(sent, on: link) == sent, "\(size) bytes")
            #expect(try await meeting.answerer.echo(sent, on: back) == sent, "\(size) bytes back")
        }
        await meeting.stop()
    }

    @Test func theOtherSideHearsOfTheEnd() async throws {
        let meeting = try await Meeting()
        let link = try #require(await meeting.connect().link)
        #expect(try await meeting.offerer.echo([1, 2, 3], on: link) == [1, 2, 3])
        let back = try await meeting.answererLink()
        await meeting.offerer.stop()
        // The goodbye says so, and not the silence after it.
        _ = await meeting.answerer.event {
            if case .happened(.disconnected(let connection, _)) = $0 { connection.id == back } else { false }
        }
        await meeting.stop()
    }

    @Test func withoutAPathTheRelayedConnectionStays() async throws {
        // Each has an address that the other cannot reach from its own.
        let meeting = try await Meeting(addresses: ([[UInt8](repeating: 0, count: 15) + [1]], [Meeting.loopback])) {
            $0.limits.signallingTime = .seconds(2)
        }
        guard case .notConnected(let outcomes) = await meeting.connect() else {
            Issue.record("there is a connection")
            return await meeting.stop()
        }
        #expect(outcomes.map(\.result) == [.failed(.timedOut(.signalling))])
        let event = await meeting.offerer.event {
            if case .happened(.dialAttempt(let outcome)) = $0 { outcome.peerConnection != nil } else { false }
        }
        if case .happened(.dialAttempt(let outcome)) = event {
            let report = try #require(outcome.peerConnection)
            #expect(report.state == .checking && report.localCandidates == 1 && report.remoteCandidates == 1)
            #expect(report.usableCandidates == 0 && report.checkedPairs == 0, "\(report)")
        }
        let relayed = try #require(await meeting.offerer.connect(to: meeting.circuit, meeting.answerer.peerID).link)
        #expect(try await meeting.offerer.echo(pattern(5000), on: relayed) == pattern(5000))
        await meeting.stop()
    }

    @Test(arguments: [true, false]) func whoHasNoSocketSaysSo(isOfferer: Bool) async throws {
        let addresses: ([[UInt8]], [[UInt8]]) = isOfferer ? ([Meeting.loopback], []) : ([], [Meeting.loopback])
        let meeting = try await Meeting(addresses: addresses)
        guard case .notConnected(let outcomes) = await meeting.connect() else {
            Issue.record("there is a connection")
            return await meeting.stop()
        }
        let fault: SignallingFault = isOfferer ? .notConnected : .endedEarly
        #expect(outcomes.map(\.result) == [.failed(.peerFault(.signalling, code: fault.rawValue))])
        // The dialler's outcome says how far its own side came.
        #expect(outcomes.map { $0.peerConnection?.localCandidates } == [isOfferer ? nil : 1])
        await meeting.stop()
    }

    @Test(arguments: [true, false]) func aStopInTheMiddleLeavesNothing(isOfferer: Bool) async throws {
        // They look for a path for as long as they may.
        let meeting = try await Meeting(addresses: ([[UInt8](repeating: 0, count: 15) + [1]], [Meeting.loopback]))
        let attempt = Task { await meeting.connect() }
        let stopped = isOfferer ? meeting.offerer : meeting.answerer
        while await stopped.associationCount() == 0 { try await Task.sleep(for: .milliseconds(2)) }
        await stopped.stop()
        #expect(await attempt.value.link == nil)
        await meeting.stop()
    }

    @Test func closedAttemptsHoldNoSocket() async throws {
        let meeting = try await Meeting(addresses: ([[UInt8](repeating: 0, count: 15) + [1]], [Meeting.loopback])) {
            $0.limits.signallingTime = .milliseconds(200)
        }
        _ = await meeting.connect()
        while await meeting.offerer.associationCount() + meeting.answerer.associationCount() > 0 {
            try await Task.sleep(for: .milliseconds(2))
        }
        await meeting.stop()
    }
}
