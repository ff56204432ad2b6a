public import CausewayIdentity

/// A node's key together with its Noise static key. The node's key signs the static key once for all connections, which saves a signature
/// and a key generation for each: a quarter of a handshake.
public final class NoiseIdentity: Sendable {
    public let key: PrivateKey
    let staticSecret: Secret
    let staticPublic: [UInt8]
    /// The encoded `NoisePayload` that both roles send.
    let payload: [UInt8]
    /// The same payload for connections on which nothing is multiplexed.
    let payloadWithoutMuxers: [UInt8]

    /// - Parameters:
    ///   - staticSecret: 32 fresh secret random bytes, for this process's lifetime only.
    ///   - muxers: for early negotiation; empty for none.
    init(_ key: PrivateKey, staticSecret: Secret, muxers: [[UInt8]]) throws(NoiseFault) {
        guard staticSecret.count == 32 else { throw .cannotSign }
        self.key = key
        self.staticSecret = staticSecret
        staticPublic = X25519.publicKey(of: staticSecret)
        let signature: [UInt8]
        do throws(KeyError) {
            signature = try key.sign(NoisePayload.signaturePrefix + staticPublic)
        } catch {
            throw .cannotSign
        }
        var payload = NoisePayload(identityKey: key.publicKey.protobuf, signature: signature, muxers: muxers)
        self.payload = payload.encoded
        payload.muxers = []
        payloadWithoutMuxers = payload.encoded
    }
}
