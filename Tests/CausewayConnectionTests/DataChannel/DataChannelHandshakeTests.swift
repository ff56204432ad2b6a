import CausewayIdentity
import Testing

@testable import CausewayConnection

/// A listener of `/webrtc-direct`, as far as channel 0 goes.
private struct Listener {
    let identity: NoiseIdentity
    var noise: NoiseHandshake

    init(_ seed: UInt8, certificates: (client: [UInt8], server: [UInt8])) throws {
        identity = try NoiseIdentity(
            PrivateKey(ed25519Seed: [UInt8](repeating: seed, count: 32)), staticSecret: Secret([UInt8](repeating: seed, count: 32)),
            muxers: [])
        let prologue = [UInt8]("libp2p-webrtc-noise:".utf8) + [0x12, 0x20] + certificates.client + [0x12, 0x20] + certificates.server
        noise = NoiseHandshake(
            isInitiator: true, staticSecret: identity.staticSecret, staticPublic: identity.staticPublic,
            ephemeralSecret: Secret([UInt8](repeating: seed &+ 100, count: 32)), prologue: prologue)
    }

    static func framed(_ message: [UInt8]) -> [UInt8] {
        ([UInt8(message.count >> 8), UInt8(message.count & 0xff)] + message).withUnsafeBytes { DataChannelFraming.data($0) }
    }

    /// The payload of what the dialler sent, without its length.
    static func content(_ actions: [DataChannelAction]) throws -> [UInt8] {
        guard case .send(0, let message)? = actions.first else { throw NoiseFault.messageTooShort }
        var decoder = DataChannelDecoder()
        return try message.withUnsafeBytes { bytes in
            let payload = try #require(try decoder.next(bytes).message).payload
            return [UInt8](payload.dropFirst(2))
        }
    }
}

@Suite struct DataChannelHandshakeTests {
    private let certificates = (own: [UInt8](repeating: 0xaa, count: 32), remote: [UInt8](repeating: 0xbb, count: 32))
    private let start = Instant(nanoseconds: 0)
    private let echo = [UInt8]("/echo".utf8)

    private func dial(expecting: PeerID? = nil) throws -> DataChannelConnection {
        let identity = try NoiseIdentity(
            PrivateKey(ed25519Seed: [UInt8](repeating: 1, count: 32)), staticSecret: Secret([UInt8](repeating: 1, count: 32)), muxers: [])
        return DataChannelConnection(
            expecting: expecting, identity: identity, ephemeralSecret: Secret([UInt8](repeating: 7, count: 32)), certificates: certificates,
            protocols: ProtocolTable([ProtocolTable.Entry(name: echo, owner: .application, allowsLimited: true)]),
            limits: ConnectionLimits(), now: start)
    }

    private func receive(_ connection: DataChannelConnection, channel: UInt32 = 0, _ bytes: [UInt8], piece: Int = .max) {
        var rest = bytes[...]
        while !rest.isEmpty {
            rest.prefix(piece).withUnsafeBytes { connection.received(channel, $0, now: start) }
            rest = rest.dropFirst(piece)
        }
    }

    private func outputs(_ connection: DataChannelConnection) -> [ConnectionOutput] {
        var all: [ConnectionOutput] = []
        while let one = connection.pollOutput() { all.append(one) }
        return all
    }

    @Test(arguments: [Int.max, 1]) func theRemoteIsKnownAfterThreeMessages(piece: Int) throws {
        var listener = try Listener(2, certificates: (certificates.own, certificates.remote))
        let connection = try dial(expecting: listener.identity.key.publicKey.peerID)
        receive(connection, Listener.framed(try listener.noise.write([])), piece: piece)
        let reply = try NoisePayload(decoding: listener.noise.read(Listener.content(connection.takeActions())))
        #expect(reply.muxers.isEmpty)
        #expect(outputs(connection).isEmpty && connection.remotePeer == nil)

        // A stream may come before the last message has arrived.
        connection.channelOpened(2, now: start)
        var proposal: [UInt8] = []
        Multistream.append(Multistream.header, to: &proposal)
        Multistream.append(echo, to: &proposal)
        receive(connection, channel: 2, proposal.withUnsafeBytes { DataChannelFraming.data($0) })
        #expect(outputs(connection).isEmpty)

        receive(connection, Listener.framed(try listener.noise.write(listener.identity.payload)), piece: piece)
        let key = listener.identity.key.publicKey
        #expect(connection.remotePeer == key.peerID)
        #expect(connection.takeActions().first == .close(0))
        let told = outputs(connection)
        #expect(told.first == .established(key.peerID, key))
        #expect(told.contains { if case .streamOpened(2, _) = $0 { true } else { false } })
        #expect(connection.nextDeadline > start)
    }

    @Test func anotherCertificateIsFoundOut() throws {
        var listener = try Listener(2, certificates: (certificates.own, [UInt8](repeating: 0xcc, count: 32)))
        let connection = try dial()
        receive(connection, Listener.framed(try listener.noise.write([])))
        #expect(throws: NoiseFault.decryption) { try listener.noise.read(Listener.content(connection.takeActions())) }
    }

    @Test func anotherPeerIsRefused() throws {
        var listener = try Listener(2, certificates: (certificates.own, certificates.remote))
        let other = try PrivateKey(ed25519Seed: [UInt8](repeating: 3, count: 32)).publicKey.peerID
        let connection = try dial(expecting: other)
        receive(connection, Listener.framed(try listener.noise.write([])))
        _ = try listener.noise.read(Listener.content(connection.takeActions()))
        receive(connection, Listener.framed(try listener.noise.write(listener.identity.payload)))
        #expect(outputs(connection) == [.closed(.wrongPeer(expected: other, actual: listener.identity.key.publicKey.peerID))])
        #expect(connection.isClosed)
    }

    @Test func silenceAndRubbishEndIt() throws {
        let silent = try dial()
        silent.advance(to: silent.nextDeadline)
        #expect(outputs(silent) == [.closed(.timedOut(.noise))])

        let short = try dial()
        receive(short, Listener.framed([1, 2, 3]))
        #expect(outputs(short) == [.closed(.peerFault(.noise, code: NoiseFault.messageTooShort.rawValue))])

        let gone = try dial()
        gone.channelClosed(0, now: start)
        #expect(outputs(gone) == [.closed(.link(errno: 0))])

        let flooded = try dial()
        for channel in 1...UInt32(DataChannelHandshake.heldMessages + 1) { flooded.channelOpened(channel * 2, now: start) }
        #expect(outputs(flooded) == [.closed(.limit(.pendingControlFrames, value: 64))])
    }

    /// The vector of webrtc-direct.md: the prologue of two certificates.
    @Test func thePrologueIsTheSpecifications() {
        let client = digits("3e79af40d6059617a0d83b83a52ce73b0c1f37a72c6043ad2969e2351bdca870")
        let server = digits("30fc9f469c207419dfdd0aab5f27a86c973c94e40548db9375cca2e915973b99")
        let expected =
            "6c69627032702d7765627274632d6e6f6973653a12203e79af40d6059617a0d83b83a52ce73b0c1f37a72c6043ad2969e2351bdca870"
            + "122030fc9f469c207419dfdd0aab5f27a86c973c94e40548db9375cca2e915973b99"
        #expect(DataChannelHandshake.prologue(own: client, remote: server) == digits(expected))
    }

    private func digits(_ text: String) -> [UInt8] {
        let values = text.compactMap { $0.hexDigitValue }
        return stride(from: 0, to: values.count, by: 2).map { UInt8(values[$0] << 4 | values[$0 + 1]) }
    }
}
