import CausewayIdentity

/// `NoiseHandshakePayload` (noise/README.md): the identity that signs the static key, and the muxers that its node supports.
struct NoisePayload: Equatable {
    var identityKey: [UInt8] = []
    var signature: [UInt8] = []
    /// `NoiseExtensions.stream_muxers`; empty: no early muxer negotiation.
    var muxers: [[UInt8]] = []

    static let signaturePrefix = [UInt8](utf8: "noise-libp2p-static-key:")

    init(identityKey: [UInt8], signature: [UInt8], muxers: [[UInt8]]) {
        self.identityKey = identityKey
        self.signature = signature
        self.muxers = muxers
    }

    init(decoding bytes: [UInt8]) throws(NoiseFault) {
        var reader = ProtobufReader(bytes)
        while reader.advance() {
            switch reader.number {
            case 1: identityKey = reader.content()
            case 2: signature = reader.content()
            case 4:
                let outer = reader.enter()
                while reader.advance() { if reader.number == 2 { muxers.append(reader.content()) } }
                reader.leave(outer)
            default: break
            }
        }
        guard reader.fault == nil else { throw .malformedPayload }
    }

    var encoded: [UInt8] {
        var extensions = ProtobufWriter()
        for muxer in muxers { extensions.content(2, muxer) }
        var writer = ProtobufWriter()
        writer.content(1, identityKey)
        writer.content(2, signature)
        if !muxers.isEmpty { writer.content(4, extensions.bytes) }
        return writer.bytes
    }

    /// The sender's identity key.
    /// - Throws: If we cannot verify the identity key, or it has not signed `staticKey`.
    func verifiedKey(for staticKey: [UInt8]) throws(NoiseFault) -> PublicKey {
        let key: PublicKey
        let isGenuine: Bool
        do throws(KeyError) {
            key = try PublicKey(protobuf: identityKey)
            isGenuine = try key.verify(signature, of: Self.signaturePrefix + staticKey)
        } catch {
            throw NoiseFault(error)
        }
        guard isGenuine else { throw .badSignature }
        return key
    }
}
