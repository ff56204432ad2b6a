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

    private func identity(_ seed: UInt8) throws -> NoiseIdentity {
        try NoiseIdentity(
            PrivateKey(ed25519Seed: [UInt8](repeating: seed, count: 32)), staticSecret: Secret([UInt8](repeating: seed, count: 32)),
            muxers: [])
    }

    private func handshake(_ seed: UInt8, isListener: Bool, expecting: PeerID? = nil) throws -> DataChannelHandshake {
        DataChannelHandshake(
            isListener: isListener, expecting: expecting, identity: try identity(seed),
            ephemeralSecret: Secret([UInt8](repeating: seed &+ 7, count: 32)),
            certificates: isListener ? (certificates.remote, certificates.own) : certificates)
    }

    private func end(isListener: Bool = false, expecting: PeerID? = nil) throws -> ChannelPair.End {
        let handshake = try handshake(isListener ? 2 : 1, isListener: isListener, expecting: expecting)
        return ChannelPair.End(DataChannelConnection(handshake: handshake), remote: nil, protocols: ["/echo"], limits: ConnectionLimits())
    }

    private func dial(expecting: PeerID? = nil) throws -> ChannelPair.End { try end(expecting: expecting) }

    private func receive(_ end: ChannelPair.End, channel: UInt32 = 0, _ bytes: [UInt8], piece: Int = .max) {
        end.receive(channel, bytes, piece: piece, now: start)
    }

    private func outputs(_ end: ChannelPair.End) -> [ConnectionOutput] {
        end.poll()
        defer { end.log = [] }
        return end.log
    }

    @Test(arguments: [Int.max, 1]) func theRemoteIsKnownAfterThreeMessages(piece: Int) throws {
        var listener = try Listener(2, certificates: (certificates.own, certificates.remote))
        let connection = try dial(expecting: listener.identity.key.publicKey.peerID)
        receive(connection, Listener.framed(try listener.noise.write([])), piece: piece)
        let reply = try NoisePayload(decoding: listener.noise.read(Listener.content(connection.channels.takeActions())))
        #expect(reply.muxers.isEmpty)
        #expect(outputs(connection).isEmpty && connection.machine.remotePeer == nil)

        // A stream may come before the last message has arrived.
        connection.channels.channelOpened(2, now: start)
        var proposal: [UInt8] = []
        Multistream.append(Multistream.header, to: &proposal)
        Multistream.append(echo, to: &proposal)
        receive(connection, channel: 2, proposal.withUnsafeBytes { DataChannelFraming.data($0) })
        #expect(outputs(connection).isEmpty)

        receive(connection, Listener.framed(try listener.noise.write(listener.identity.payload)), piece: piece)
        let key = listener.identity.key.publicKey
        #expect(connection.machine.remotePeer == key.peerID)
        #expect(connection.channels.takeActions().first == .close(0))
        let told = outputs(connection)
        #expect(told.first == .established(key.peerID, key))
        #expect(told.contains { if case .streamOpened(2, _) = $0 { true } else { false } })
        #expect(connection.machine.nextDeadline > start)
    }

    @Test func anotherCertificateIsFoundOut() throws {
        var listener = try Listener(2, certificates: (certificates.own, [UInt8](repeating: 0xcc, count: 32)))
        let connection = try dial()
        receive(connection, Listener.framed(try listener.noise.write([])))
        #expect(throws: NoiseFault.decryption) { try listener.noise.read(Listener.content(connection.channels.takeActions())) }
    }

    @Test func anotherPeerIsRefused() throws {
        var listener = try Listener(2, certificates: (certificates.own, certificates.remote))
        let other = try PrivateKey(ed25519Seed: [UInt8](repeating: 3, count: 32)).publicKey.peerID
        let connection = try dial(expecting: other)
        receive(connection, Listener.framed(try listener.noise.write([])))
        _ = try listener.noise.read(Listener.content(connection.channels.takeActions()))
        receive(connection, Listener.framed(try listener.noise.write(listener.identity.payload)))
        #expect(outputs(connection) == [.closed(.wrongPeer(expected: other, actual: listener.identity.key.publicKey.peerID))])
        #expect(connection.machine.isClosed)
    }

    @Test func silenceAndRubbishEndIt() throws {
        let silent = try dial()
        silent.machine.advance(to: silent.machine.nextDeadline)
        #expect(outputs(silent) == [.closed(.timedOut(.noise))])

        let short = try dial()
        receive(short, Listener.framed([1, 2, 3]))
        #expect(outputs(short) == [.closed(.peerFault(.noise, code: NoiseFault.messageTooShort.rawValue))])

        let gone = try dial()
        gone.channels.channelClosed(0, now: start)
        #expect(outputs(gone) == [.closed(.link(errno: 0))])
    }

    @Test(arguments: [false, true]) func whatComesBeforeTheRemoteIsKnownIsBounded(isListener: Bool) throws {
        let limit = ConnectionError.limit(.pendingControlFrames, value: 64)
        let channels = try end(isListener: isListener)
        for channel in 1...UInt32(DataChannelHandshake.heldInputs) { channels.channels.channelOpened(channel * 2, now: start) }
        #expect(outputs(channels) == [])
        channels.channels.channelOpened(1000, now: start)
        #expect(outputs(channels) == [.closed(limit)])

        let messages = try end(isListener: isListener)
        let message = [UInt8](repeating: 1, count: DataChannelFraming.messageSize)
        for _ in 0..<DataChannelHandshake.heldInputs { receive(messages, channel: 2, message) }
        #expect(outputs(messages) == [])
        receive(messages, channel: 2, message)
        #expect(outputs(messages) == [.closed(limit)])

        let long = try end(isListener: isListener)
        receive(long, channel: 2, message + [1])
        #expect(outputs(long) == [.closed(limit)])
    }

    // MARK: Our dialler and our listener

    @Test(arguments: [Int.max, 1]) func bothRolesAuthenticateEachOther(piece: Int) throws {
        let (dialler, listener) = (try identity(1).key.publicKey, try identity(2).key.publicKey)
        let pair = ChannelPair(
            dialler: try handshake(1, isListener: false, expecting: listener.peerID), listener: try handshake(2, isListener: true))
        pair.piece = piece
        pair.run()
        #expect(pair.a.log == [.established(listener.peerID, listener)])
        #expect(pair.b.log == [.established(dialler.peerID, dialler)])
        #expect(pair.a.other.isEmpty && pair.b.other.isEmpty)
        // Both may open streams, in messages that go takes.
        let stream = try pair.open()
        #expect(try pair.write(pair.a, stream, .pattern(100_000)) == 100_000)
        let back = try pair.b.machine.openStream([echo], now: start)
        #expect(try pair.write(pair.b, back, .pattern(10_000)) == 10_000)
        pair.run()
        #expect(pair.b.data[2] == .pattern(100_000) && pair.a.data[2] == .pattern(10_000))
    }

    /// The listener knows the remote first, and speaks at once.
    @Test func aStreamThatComesWithTheListenersLastMessageWaits() throws {
        let (dialler, listener) = (try end(), try end(isListener: true))
        func messages(_ end: ChannelPair.End) -> [[UInt8]] {
            end.channels.takeActions().compactMap { if case .send(0, let bytes) = $0 { bytes } else { nil } }
        }
        listener.poll()
        for message in messages(listener) { receive(dialler, message) }
        for message in messages(dialler) { receive(listener, message) }
        #expect(listener.machine.isEstablished && !dialler.machine.isEstablished)
        let stream = try listener.machine.openStream([echo], now: start)
        listener.channels.channelReady(stream, now: start)
        listener.poll()
        let actions = listener.channels.takeActions()
        dialler.channels.channelOpened(2, now: start)
        for case .send(stream, let bytes) in actions { receive(dialler, channel: 2, bytes) }
        #expect(dialler.log.isEmpty)
        for case .send(0, let bytes) in actions { receive(dialler, bytes) }
        #expect(dialler.machine.isEstablished && dialler.log.count == 2)
        #expect(dialler.log.contains { if case .streamOpened(2, _) = $0 { true } else { false } })
    }

    @Test func aListenerIsNotFooledByAnotherCertificate() throws {
        let listener = try handshake(2, isListener: true)
        let dialler = DataChannelHandshake(
            isListener: false, expecting: nil, identity: try identity(1), ephemeralSecret: Secret([UInt8](repeating: 3, count: 32)),
            certificates: ([UInt8](repeating: 0xcc, count: 32), certificates.remote))
        let pair = ChannelPair(dialler: dialler, listener: listener)
        pair.run()
        #expect(pair.b.log == [.closed(.peerFault(.noise, code: NoiseFault.decryption.rawValue))])
        #expect(!pair.a.machine.isEstablished)
    }

    /// The vector of webrtc-direct.md: the prologue of two certificates.
    @Test func thePrologueIsTheSpecifications() {
        let client = digits("3e79af40d6059617a0d83b83a52ce73b0c1f37a72c6043ad2969e2351bdca870")
        let server = digits("30fc9f469c207419dfdd0aab5f27a86c973c94e40548db9375cca2e915973b99")
        let expected =
            "6c69627032702d7765627274632d6e6f6973653a12203e79af40d6059617a0d83b83a52ce73b0c1f37a72c6043ad2969e2351bdca870"
            + "122030fc9f469c207419dfdd0aab5f27a86c973c94e40548db9375cca2e915973b99"
        #expect(DataChannelHandshake.prologue(dialler: client, listener: server) == digits(expected))
    }

    private func digits(_ text: String) -> [UInt8] {
        let values = text.compactMap { $0.hexDigitValue }
        return stride(from: 0, to: values.count, by: 2).map { UInt8(values[$0] << 4 | values[$0 + 1]) }
    }
}
