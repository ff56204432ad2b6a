import CausewayIdentity
import Testing

@testable import CausewayWebRTC

@Suite("SCTP: the end") struct ShutdownTests {
    @Test(arguments: 0..<50) func whatWasSentArrivesBeforeTheEnd(_ seed: UInt64) throws {
        let network = AssociationNetwork(seed: seed, path: .init(lost: 100, late: 100, lateness: .milliseconds(300)))
        network.connect()
        try network.left.send([UInt8](repeating: 7, count: 50_000), on: 0)
        if seed % 3 == 0 { try network.right.send([UInt8](repeating: 8, count: 50_000), on: 0) }
        network.left.association.close(at: network.now)
        if seed % 2 == 0 { network.right.association.close(at: network.now) }
        #expect(throws: SendError.notOpen) { try network.left.send([1], on: 0) }
        // Of the last packet nobody knows whether it arrived.
        #expect(network.run(for: .seconds(200)) { network.left.closed != nil && network.right.closed != nil }, "seed \(seed)")
        #expect(network.right.messages.count == 1, "seed \(seed)")
        if seed % 3 == 0 { #expect(network.left.messages.count == 1, "seed \(seed)") }
        #expect(network.left.closed == .some(nil) || network.right.closed == .some(nil), "seed \(seed)")
    }

    @Test func resetsAreDoneBeforeTheEnd() throws {
        let network = AssociationNetwork(path: .init(lost: 100))
        network.connect()
        try network.left.send([1], on: 3)
        network.left.association.reset(StreamID(3))
        network.left.association.close(at: network.now)
        #expect(network.run(for: .seconds(60)) { network.left.closed != nil && network.right.closed != nil })
        #expect(network.left.log.contains("done 3") && network.right.log.contains("reset 3"))
    }

    @Test func anAbortIsHeard() {
        let network = AssociationNetwork()
        network.connect()
        network.left.association.abort()
        network.left.pollEvents()
        network.run(for: .seconds(1))
        #expect(network.left.closed == .some(.aborted))
        #expect(network.right.closed == .some(.abortedByRemote(cause: ErrorCause.userInitiated.rawValue)))
    }

    @Test func aRemoteThatDoesNotShutDownIsGone() {
        let remote = ScriptedRemote.connected()
        remote.victim.association.close(at: remote.now)
        #expect(remote.output() == [.shutdown])
        remote.pass(.seconds(120))
        #expect(remote.victim.closed == .some(.remoteGone))
    }

    /// A remote that begins the end and says nothing more, while an acknowledgement is due or data wait: each deadline passes once, and the
    /// driver is not called again and again for one that nobody heeds.
    @Test(arguments: [true, false]) func aRemoteThatLeavesInTheMiddleOfTheEndCostsLittle(_ hasData: Bool) throws {
        let remote = ScriptedRemote.connected()
        if hasData { try remote.victim.send([UInt8](repeating: 1, count: 5000), on: 0) }
        remote.output()
        remote.inject { writer in
            remote.write([1], to: &writer)
            ShutdownChunks.write(cumulative: remote.victimTSN.previous, to: &writer)
        }
        var turns = 0
        while remote.victim.closed == nil, turns < 1000 {
            remote.output()
            remote.now = max(remote.now, remote.victim.association.nextDeadline)
            remote.victim.association.advance(to: remote.now)
            remote.victim.pollEvents()
            turns += 1
        }
        #expect(remote.victim.closed == .some(.remoteGone) && turns < 60, "\(turns)")
    }

    @Test func anIdleRemoteIsAsked() {
        let network = AssociationNetwork()
        network.connect()
        network.run(for: .seconds(300))
        #expect(network.left.closed == nil && network.right.closed == nil)
        network.path.lost = 1000
        network.run(for: .seconds(120))
        #expect(network.left.closed == .some(.remoteGone) && network.right.closed == .some(.remoteGone))
    }
}
