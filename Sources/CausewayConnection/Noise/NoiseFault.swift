import CausewayIdentity

/// What the remote did wrong in Noise (noise/README.md). The raw value is the `code` of `ConnectionError.peerFault(.noise, code:)`.
public enum NoiseFault: UInt16, Error, Equatable, Sendable {
    /// A handshake message shorter than its keys and tags.
    case messageTooShort = 1
    /// The first message carries a payload: nothing is encrypted yet, so it has no business there.
    case unexpectedPayload = 2
    /// An X25519 point of small order: the shared secret would be known to everybody.
    case lowOrderPoint = 3
    /// A tag that does not fit: forged, damaged, or another key.
    case decryption = 4
    /// A transport frame shorter than its tag.
    case frameTooShort = 5
    /// The payload is no `NoiseHandshakePayload` message.
    case malformedPayload = 6
    /// The identity key is missing, or no key.
    case badIdentityKey = 7
    /// The identity's signature does not fit the static key.
    case badSignature = 8
    /// Our own fault: the node's key cannot sign.
    case cannotSign = 9
    /// 2^64 - 1 messages were sent under one key.
    case nonceExhausted = 10
    /// The identity key is of a kind that this build cannot verify: the browser's knows Ed25519 alone.
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
