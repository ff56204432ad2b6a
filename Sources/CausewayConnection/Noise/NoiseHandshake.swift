import CausewayIdentity

/// The XX pattern (`-> e`, `<- e, ee, s, es`, `-> s, se`) over messages without their length prefix.
///
/// The driver alternates `write` and `read`, and the initiator begins with `write`. After three messages, `split` returns the transport's
/// keys.
struct NoiseHandshake {
    private var state: NoiseSymmetricState
    private let isInitiator: Bool
    private let staticSecret: Secret
    private let staticPublic: [UInt8]
    private let ephemeralSecret: Secret
    private var remoteEphemeral: [UInt8] = []
    /// The remote's static key, known once its message with `s` was read.
    private(set) var remoteStatic: [UInt8] = []
    private var messages = 0

    static let protocolName = [UInt8](utf8: "Noise_XX_25519_ChaChaPoly_SHA256")

    init(isInitiator: Bool, staticSecret: Secret, staticPublic: [UInt8], ephemeralSecret: Secret, prologue: [UInt8]) {
        self.isInitiator = isInitiator
        self.staticSecret = staticSecret
        self.staticPublic = staticPublic
        self.ephemeralSecret = ephemeralSecret
        state = NoiseSymmetricState(protocolName: Self.protocolName, prologue: prologue)
    }

    init(isInitiator: Bool, identity: NoiseIdentity, ephemeralSecret: Secret, prologue: [UInt8]) {
        self.init(
            isInitiator: isInitiator, staticSecret: identity.staticSecret, staticPublic: identity.staticPublic,
            ephemeralSecret: ephemeralSecret, prologue: prologue)
    }

    var isComplete: Bool { messages == 3 }
    var hash: [UInt8] { state.hash }

    /// Writes our next message.
    mutating func write(_ payload: [UInt8]) throws(NoiseFault) -> [UInt8] {
        var out: [UInt8] = []
        if messages < 2 {
            let ephemeral = X25519.publicKey(of: ephemeralSecret)
            state.mixHash(ephemeral)
            out = ephemeral
        }
        if messages == 1 { state.mixKey(try Self.agree(ephemeralSecret, remoteEphemeral)) }
        if messages > 0 {
            out += state.encryptAndHash(staticPublic)
            state.mixKey(try Self.agree(staticSecret, remoteEphemeral))
        }
        out += state.encryptAndHash(payload)
        messages += 1
        return out
    }

    /// Reads the remote's next message, and returns its payload.
    mutating func read(_ message: [UInt8]) throws(NoiseFault) -> [UInt8] {
        var position = 0
        if messages < 2 {
            remoteEphemeral = try Self.field(message, &position, 32)
            state.mixHash(remoteEphemeral)
        }
        if messages == 1 { state.mixKey(try Self.agree(ephemeralSecret, remoteEphemeral)) }
        if messages > 0 {
            remoteStatic = try state.decryptAndHash(try Self.field(message, &position, 48))
            state.mixKey(try Self.agree(ephemeralSecret, remoteStatic))
        }
        let payload = try state.decryptAndHash([UInt8](copying: message, position..<message.count))
        messages += 1
        return payload
    }

    /// The keys for sending and receiving.
    func split() -> (send: CipherKey, receive: CipherKey) {
        let (initiator, responder) = state.split()
        return isInitiator ? (initiator, responder) : (responder, initiator)
    }

    private static func agree(_ secret: Secret, _ point: [UInt8]) throws(NoiseFault) -> Secret {
        guard let shared = X25519.agree(secret: secret, peer: point) else { throw .lowOrderPoint }
        return shared
    }

    private static func field(_ message: [UInt8], _ position: inout Int, _ size: Int) throws(NoiseFault) -> [UInt8] {
        guard message.count - position >= size else { throw .messageTooShort }
        position += size
        return [UInt8](copying: message, position - size..<position)
    }
}
