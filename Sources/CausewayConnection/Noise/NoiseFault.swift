import CausewayIdentity

/// What the remote did wrong in Noise (noise/README.md). The raw value is the `code` of `ConnectionError.peerFault(.noise, code:)`.
public enum NoiseFault: UInt16, Error, Equatable, Sendable {
    /// A handshake message shorter than its keys and tags.
    case messageTooShort = 1
    /// The first message carries a payload. Nothing is encrypted yet, so none belongs there.
    case unexpectedPayload = 2
    /// An X25519 point of small order: everybody would know the shared secret.
    case lowOrderPoint = 3
    /// A tag that does not match: the frame is forged or damaged, or the key is another.
    case decryption = 4
    /// A transport frame shorter than its tag.
    case frameTooShort = 5
    /// The payload is no `NoiseHandshakePayload` message.
    case malformedPayload = 6
    /// The identity key is missing or invalid.
    case badIdentityKey = 7
    /// The identity's signature does not match the static key.
    case badSignature = 8
    /// Our own fault: the node's key cannot sign.
    case cannotSign = 9
    /// 2^64 - 1 messages were sent under one key.
    case nonceExhausted = 10
    /// The identity key is of a kind that this build cannot verify: the browser's verifies Ed25519 only.
    case unsupportedRSA = 11
    case unsupportedSecp256k1 = 12
    case unsupportedECDSA = 13

    init(_ error: KeyError) {
        switch error {
        case .unsupported(.rsa): self = .unsupportedRSA
        case .unsupported(.secp256k1): self = .unsupportedSecp256k1
        case .unsupported(.ecdsa): self = .unsupportedECDSA
        default: self = .badIdentityKey
        }
    }
}
