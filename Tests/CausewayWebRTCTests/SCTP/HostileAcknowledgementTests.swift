import CausewayIdentity
import Testing

@testable import CausewayWebRTC

@Suite("SCTP: hostile acknowledgements") struct HostileAcknowledgementTests {
    private func sending(_ bytes: Int, window: UInt32 = 1 << 20) throws -> ScriptedRemote {
        let remote = ScriptedRemote.connected(window: window)
        try remote.victim.send([UInt8](repeating: 1, count: bytes), on: 0)
        return remote
    }

    @Test func whatWasNeverSentCannotArrive() throws {
        let remote = try sending(5000)
        #expect(remote.output() == [.data, .data, .data, .data, .data])
        remote.acknowledge(remote.victimTSN.advanced(by: 5))
        #expect(remote.victim.closed == .some(.protocolViolation(.acknowledgedUnsent)))
        #expect(remote.output() == [.abort])
        let gaps = try sending(5000)
        gaps.output()
        gaps.acknowledge(gaps.victimTSN.previous, gaps: [(2, 6)])
        #expect(gaps.victim.closed == .some(.protocolViolation(.acknowledgedUnsent)))
    }

    @Test func blocksThatMakeNoSenseAreIgnored() throws {
        let remote = try sending(5000)
        remote.output()
        remote.acknowledge(remote.victimTSN.previous, gaps: [(3, 2), (0, 1), (0, 0)])
        #expect(remote.victim.closed == nil)
        #expect(remote.victim.association.transmission.arrived.count == 0)
        // An old one says nothing.
        remote.acknowledge(remote.victimTSN.advanced(by: 3))
        remote.acknowledge(remote.victimTSN, gaps: [(1, 1)])
        #expect(remote.victim.association.transmission.acknowledged == remote.victimTSN.advanced(by: 3))
        #expect(remote.victim.association.transmission.sent.count == 1)
    }

    @Test func aSACKThatLiesAboutItsLengthIsNone() throws {
        let remote = try sending(1000)
        remote.output()
        remote.inject { writer in
            writer.block(0x0300) { writer in
                writer.number32(remote.victimTSN.raw)
                writer.number32(5)
                writer.number16(65535)
                writer.number16(65535)
            }
        }
        #expect(remote.victim.association.transmission.sent.count == 1)
    }

    @Test func endlessSACKsGetNoAnswer() throws {
        let remote = try sending(3000)
        remote.output()
        for _ in 0..<10000 { remote.acknowledge(remote.victimTSN.previous, gaps: [(2, 2)], duplicates: [1, 2, 3]) }
        // The first chunk is lost by now, and goes out again once.
        #expect(remote.output().filter { $0 == .data }.count <= 2)
        for _ in 0..<10000 { remote.acknowledge(remote.victimTSN.previous, gaps: [(2, 2)]) }
        #expect(remote.output() == [])
    }

    /// A remote that answers but never takes anything is given up, unless its window is closed.
    @Test func acknowledgingNothingIsNoSignOfLife() throws {
        let remote = try sending(3000)
        for _ in 0..<200 where remote.victim.closed == nil {
            remote.pass(.milliseconds(500))
            remote.output()
            remote.acknowledge(remote.victimTSN.previous)
        }
        #expect(remote.victim.closed == .some(.remoteGone))
    }

    @Test func aClosedWindowIsProbed() throws {
        let remote = try sending(100_000, window: 3000)
        #expect(remote.output().filter { $0 == .data }.count == 3)
        remote.acknowledge(remote.victimTSN.advanced(by: 2), window: 0)
        var probes = 0
        for _ in 0..<600 {
            probes += remote.output().filter { $0 == .data }.count
            remote.acknowledge(remote.victimTSN.advanced(by: 2), window: 0)
            remote.pass(.seconds(1))
        }
        #expect(remote.victim.closed == nil)
        #expect(probes > 50 && probes <= 1200, "\(probes)")
        // It opens again, which is no reason to wait.
        remote.acknowledge(remote.victimTSN.advanced(by: 2), window: 1 << 20)
        #expect(remote.output().filter { $0 == .data }.count > 3)
    }

    @Test func aRemoteThatSaysNothingIsGone() throws {
        let remote = try sending(3000)
        remote.output()
        remote.pass(.seconds(120))
        #expect(remote.victim.closed == .some(.remoteGone))
    }

    /// The remote forgets what it had behind a gap (RFC 9260, section 6.2.1): it is sent again in the end.
    @Test func aRemoteMayForget() throws {
        let remote = try sending(5000)
        remote.output()
        remote.acknowledge(remote.victimTSN.previous, gaps: [(2, 5)])
        remote.output()
        remote.acknowledge(remote.victimTSN)
        remote.pass(.seconds(10))
        #expect(remote.victim.association.transmission.arrived.count == 0)
        #expect(remote.victim.closed == nil)
    }

    @Test func theApplicationCannotSendWithoutBound() throws {
        let remote = ScriptedRemote.connected()
        let megabyte = [UInt8](repeating: 1, count: 1 << 20)
        for _ in 0..<8 { try remote.victim.send(megabyte, on: 0) }
        #expect(remote.victim.association.heldBytes > 8 << 20)
        #expect(throws: SendError.bufferFull) { try remote.victim.send([1], on: 0) }
        let small = ScriptedRemote.connected()
        for _ in 0..<SCTPLimits().sentMessages { try small.victim.send([1], on: 0) }
        #expect(throws: SendError.bufferFull) { try small.victim.send([1], on: 0) }
        #expect(throws: SendError.empty) { try small.victim.send([], on: 0) }
    }

    /// A remote that took nothing leaves nothing behind.
    @Test func whatWasNotSentGoesWithTheAssociation() throws {
        weak var stream: OutboundStream?
        do {
            let remote = ScriptedRemote.connected(window: 1000)
            try remote.victim.send([UInt8](repeating: 1, count: 1 << 20), on: 3)
            remote.output()
            stream = remote.victim.association.streams[3]
            #expect(stream?.messages.count == 1)
        }
        #expect(stream == nil)
    }

    @Test func thatThereIsRoomIsReportedOnce() throws {
        var settings = AssociationSettings()
        settings.limits.sendBuffer = 10000
        let network = AssociationNetwork(left: settings)
        network.connect()
        network.left.association.setLowThreshold(3000, on: StreamID(0))
        try network.left.send([UInt8](repeating: 1, count: 10000), on: 0)
        #expect(throws: SendError.bufferFull) { try network.left.send([1], on: 0) }
        network.run(for: .seconds(5))
        #expect(network.left.log == ["connected", "low 0", "room"] || network.left.log == ["connected", "room", "low 0"])
        try network.left.send([1], on: 0)
        network.run(for: .seconds(5))
        #expect(network.left.log.count == 3)
    }
}
