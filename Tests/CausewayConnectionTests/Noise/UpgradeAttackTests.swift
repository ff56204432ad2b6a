import CausewayIdentity
import Testing

@testable import CausewayConnection

/// A remote that shakes hands by hand, so that each of its messages can be wrong.
private struct Rogue {
    let side = Side(Pair.configuration(initiator: false), now: Instant(nanoseconds: 1))
    var noise: NoiseHandshake
    let identity = Pair.identity(7)

    init() {
        noise = NoiseHandshake(
            isInitiator: true, staticSecret: identity.staticSecret, staticPublic: identity.staticPublic,
            ephemeralSecret: Secret([UInt8](repeating: 8, count: 32)), prologue: [])
    }

    static let opening: [UInt8] = {
        var bytes: [UInt8] = []
        Multistream.append(Multistream.header, to: &bytes)
        Multistream.append([UInt8]("/noise".utf8), to: &bytes)
        return bytes
    }()

    static func frame(_ message: [UInt8]) -> [UInt8] { [UInt8(message.count >> 8), UInt8(message.count & 0xff)] + message }

    func send(_ bytes: [UInt8]) { side.receive(bytes, now: Instant(nanoseconds: 2)) }

    /// The listener's answer to the first message, without its multistream part.
    mutating func start() throws {
        send(Self.opening + Self.frame(try noise.write([])))
        let answer = side.takeWire()
        #expect([UInt8](answer[..<Self.opening.count]) == Self.opening)
        _ = try noise.read([UInt8](answer[(Self.opening.count + 2)...]))
    }

    var fault: ConnectionError? { side.closed }
}

@Suite struct UpgradeAttackTests {
    private let key = Pair.identity(7).key

    @Test func aWellMadeHandshakeByHandPasses() throws {
        var rogue = Rogue()
        try rogue.start()
        rogue.send(Rogue.frame(try rogue.noise.write(rogue.identity.payload)))
        #expect(rogue.side.isEstablished)
    }

    @Test func aSignatureOfSomebodyElseIsRefused() throws {
        var rogue = Rogue()
        try rogue.start()
        let stolen = NoisePayload(
            identityKey: key.publicKey.protobuf, signature: try key.sign(NoisePayload.signaturePrefix + [UInt8](repeating: 1, count: 32)),
            muxers: [Yamux.protocolID])
        rogue.send(Rogue.frame(try rogue.noise.write(stolen.encoded)))
        #expect(rogue.fault == .peerFault(.noise, code: NoiseFault.badSignature.rawValue))
    }

    @Test(arguments: [[], [0x08, 0x01], [0x08, 0x01, 0x12, 0x01, 0x00], [0x08, 0x63, 0x12, 0x00]])
    func identityKeysThatAreNoneAreRefused(identityKey: [UInt8]) throws {
        var rogue = Rogue()
        try rogue.start()
        let payload = NoisePayload(identityKey: identityKey, signature: [1], muxers: [])
        rogue.send(Rogue.frame(try rogue.noise.write(payload.encoded)))
        #expect(rogue.fault == .peerFault(.noise, code: NoiseFault.badIdentityKey.rawValue))
    }

    @Test func aPayloadThatIsNoProtobufIsRefused() throws {
        var rogue = Rogue()
        try rogue.start()
        rogue.send(Rogue.frame(try rogue.noise.write([0xff, 0xff])))
        #expect(rogue.fault == .peerFault(.noise, code: NoiseFault.malformedPayload.rawValue))
    }

    @Test func noCommonMuxerEndsIt() throws {
        var rogue = Rogue()
        try rogue.start()
        let payload = NoisePayload(
            identityKey: key.publicKey.protobuf, signature: try key.sign(NoisePayload.signaturePrefix + rogue.identity.staticPublic),
            muxers: [[UInt8]("/mplex/6.7.0".utf8)])
        rogue.send(Rogue.frame(try rogue.noise.write(payload.encoded)))
        #expect(rogue.fault == .noCommonProtocol(.yamux))
    }

    @Test func aFirstMessageWithAPayloadIsRefused() {
        var rogue = Rogue()
        let extensions = NoisePayload(identityKey: [], signature: [], muxers: [Yamux.protocolID]).encoded
        rogue.send(Rogue.opening + Rogue.frame((try? rogue.noise.write(extensions)) ?? []))
        #expect(rogue.fault == .peerFault(.noise, code: NoiseFault.unexpectedPayload.rawValue))
    }

    @Test(arguments: [0, 1, 31])
    func shortFirstMessagesAreRefused(size: Int) {
        let rogue = Rogue()
        rogue.send(Rogue.opening + Rogue.frame([UInt8](repeating: 1, count: size)))
        #expect(rogue.fault == .peerFault(.noise, code: NoiseFault.messageTooShort.rawValue))
    }

    @Test(arguments: [0, 1])
    func pointsOfSmallOrderAreRefused(first: UInt8) {
        let rogue = Rogue()
        rogue.send(Rogue.opening + Rogue.frame([first] + [UInt8](repeating: 0, count: 31)))
        #expect(rogue.fault == .peerFault(.noise, code: NoiseFault.lowOrderPoint.rawValue))
    }

    @Test func aTruncatedThirdMessageIsRefused() throws {
        var rogue = Rogue()
        try rogue.start()
        let message = try rogue.noise.write(rogue.identity.payload)
        rogue.send(Rogue.frame([UInt8](message.dropLast())))
        #expect(rogue.fault == .peerFault(.noise, code: NoiseFault.decryption.rawValue))
    }

    @Test func aHandshakeMessageOfTheLargestSizeIsRefusedByItsLength() throws {
        var rogue = Rogue()
        try rogue.start()
        // Two bytes are enough: nothing is kept for the rest.
        rogue.send([0xff, 0xff])
        #expect(rogue.fault == .limit(.frameSize, value: UInt64(Upgrade.largestMessage)))
    }

    @Test(arguments: [0, 15])
    func framesShorterThanATagAreRefused(size: Int) throws {
        var rogue = Rogue()
        try rogue.start()
        rogue.send(Rogue.frame(try rogue.noise.write(rogue.identity.payload)))
        rogue.send(Rogue.frame([UInt8](repeating: 0, count: size)))
        #expect(rogue.fault == .peerFault(.noise, code: NoiseFault.frameTooShort.rawValue))
    }

    @Test func forgedFramesOfAnySizeAreRefused() throws {
        for size in [16, 28, 65_535] {
            var rogue = Rogue()
            try rogue.start()
            rogue.send(Rogue.frame(try rogue.noise.write(rogue.identity.payload)))
            rogue.send(Rogue.frame([UInt8](repeating: 0, count: size)))
            #expect(rogue.fault == .peerFault(.noise, code: NoiseFault.decryption.rawValue))
        }
    }

    @Test func aReplayedFrameIsRefused() throws {
        let pair = Pair.established()
        pair.dialler.connection.sendPing(in: pair.dialler.machine)
        let frame = pair.dialler.takeWire()
        pair.listener.receive(frame, now: pair.now)
        #expect(pair.listener.closed == nil)
        pair.listener.receive(frame, now: pair.now)
        #expect(pair.listener.closed == .peerFault(.noise, code: NoiseFault.decryption.rawValue))
    }

    @Test func aHandshakeThatDragsOnIsEnded() {
        for webSocket in [false, true] {
            let side = Side(Pair.configuration(initiator: false, webSocket: webSocket), now: Instant(nanoseconds: 0))
            // A byte now and then does not buy time.
            for second in 1..<15 as Range<UInt64> {
                let now = Instant(nanoseconds: 0) + .seconds(second)
                side.receive([webSocket ? [UInt8]("GET / HTTP/1.1\r\n".utf8)[Int(second) - 1] : Rogue.opening[Int(second) - 1]], now: now)
                side.machine.advance(to: now)
                #expect(side.closed == nil)
            }
            #expect(side.machine.nextDeadline <= Instant(nanoseconds: 0) + .seconds(15))
            side.machine.advance(to: Instant(nanoseconds: 0) + .seconds(15))
            side.poll()
            #expect(side.closed == .timedOut(webSocket ? .webSocket : .multistream))
        }
    }

    @Test func withoutEarlyMuxersTheyAreNegotiated() throws {
        let sides = try [true, false].map { isInitiator in
            var configuration = Pair.configuration(initiator: isInitiator)
            configuration.identity = try NoiseIdentity(
                Pair.identity(5).key, staticSecret: Secret([UInt8](repeating: 3, count: 32)), muxers: [])
            return Side(configuration, now: Instant(nanoseconds: 1))
        }
        func exchange() {
            for _ in 0..<10 {
                sides[1].receive(sides[0].takeWire(), now: Instant(nanoseconds: 2))
                sides[0].receive(sides[1].takeWire(), now: Instant(nanoseconds: 2))
            }
        }
        exchange()
        #expect(sides[0].isEstablished && sides[1].isEstablished)
        let id = try sides[0].open("/echo/1", now: Instant(nanoseconds: 3))
        exchange()
        #expect(sides[0].has(.streamReady(id, protocolID: Pair.echo.name)))
    }
}
