import CausewayIdentity
import Testing

@testable import CausewayWebRTC

@Suite("SCTP: the handshake") struct AssociationHandshakeTests {
    @Test func oneSideBegins() {
        let network = AssociationNetwork()
        network.left.association.connect(at: network.now)
        #expect(network.run(for: .seconds(1)) { network.left.isConnected && network.right.isConnected })
        #expect(network.left.association.features == .all)
    }

    /// RFC 9260, section 5.2.1: in WebRTC both begin.
    @Test(arguments: 0..<200) func bothBegin(_ seed: UInt64) {
        let network = AssociationNetwork(
            seed: seed, path: .init(lost: 200, duplicated: 100, late: 200, lateness: .milliseconds(700)))
        network.connect()
        #expect(network.left.isConnected && network.right.isConnected, "seed \(seed)")
        #expect(network.left.log == ["connected"] && network.right.log == ["connected"], "seed \(seed)")
        try? network.left.send([1, 2, 3], on: 0)
        try? network.right.send([4, 5], on: 1)
        #expect(network.run(for: .seconds(60)) { network.left.messages.count == 1 && network.right.messages.count == 1 }, "seed \(seed)")
    }

    /// draft-hancke-tsvwg-snap: the session descriptions have carried both INIT chunks.
    @Test func noHandshakeIsNeeded() throws {
        let network = AssociationNetwork()
        let chunks = [network.left, network.right].map(\.association.initiation)
        try network.left.association.connect(agreed: chunks[1], at: network.now)
        try network.right.association.connect(agreed: chunks[0], at: network.now)
        network.left.pollEvents()
        network.right.pollEvents()
        #expect(network.left.isConnected && network.right.isConnected && network.sent == 0)
        try network.left.send([1], on: 0)
        try network.right.send([2], on: 1)
        network.run(for: .milliseconds(15))
        #expect(network.left.messages.count == 1 && network.right.messages.count == 1)
        #expect(network.left.association.features == .all)
    }

    /// A side whose description came without its chunk handshakes, and finds the other one already there.
    @Test(arguments: [false, true]) func onlyOneSideKnowsOfTheAgreement(dataComesFirst: Bool) throws {
        let network = AssociationNetwork()
        try network.left.association.connect(agreed: network.right.association.initiation, at: network.now)
        network.left.pollEvents()
        if dataComesFirst { try network.left.send([1, 2], on: 0) }
        network.right.association.connect(at: network.now)
        #expect(network.run(for: .seconds(5)) { network.right.isConnected })
        if !dataComesFirst { try network.left.send([1, 2], on: 0) }
        try network.right.send([3], on: 1)
        #expect(network.run(for: .seconds(5)) { network.left.messages.count == 1 && network.right.messages.count == 1 })
        #expect(network.left.log.filter { $0 == "connected" }.count == 1 && network.left.association.state == .established)
    }

    /// The draft's example, which is Chromium's INIT.
    @Test func anInitiationOfChromium() throws {
        let chunk: [UInt8] = [
            1, 0, 0, 0x1e, 0x89, 0x6c, 0xdd, 0x1d, 0, 0x50, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xe0, 0x79, 0x65, 0x1d, 0xc0, 0, 0, 4, 0x80, 8, 0,
            6, 0x82, 0xc0,
        ]
        let end = AssociationEnd(seed: 1)
        try end.association.connect(agreed: chunk, at: Instant(nanoseconds: 1))
        #expect(end.association.remoteTag == 0x896c_dd1d && end.association.features == [.reconfiguration, .forwardTSN])
        #expect(end.association.received.cumulative == TSN(0xe079_651c) && end.association.transmission.remoteWindow == 5 << 20)
        // Ours has the same form.
        var same = InitiationChunk(
            tag: 0x896c_dd1d, window: 5 << 20, outboundStreams: .max, inboundStreams: .max, initialTSN: TSN(0xe079_651d))
        same.features = [.reconfiguration, .forwardTSN]
        #expect([UInt8](writing: 100) { same.write(.initiation, to: &$0) } == chunk)
        for bad in [
            [], [UInt8](chunk.dropLast()), chunk + [0, 0, 0, 0], [2] + chunk.dropFirst(), chunk[..<4] + [0, 0, 0, 0] + chunk[8...],
        ] {
            let end = AssociationEnd(seed: 1)
            #expect(throws: AssociationError.protocolViolation(.badInitiation)) {
                try end.association.connect(agreed: Array(bad), at: Instant(nanoseconds: 1))
            }
        }
    }

    @Test func nobodyAnswers() {
        let network = AssociationNetwork(path: .init(lost: 1000))
        network.left.association.connect(at: network.now)
        network.run(for: .seconds(120)) { network.left.closed != nil }
        #expect(network.left.closed == .some(.handshakeTimeout))
        #expect(network.sent == 9)
    }
}
