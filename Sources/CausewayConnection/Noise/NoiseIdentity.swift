public import CausewayIdentity

public final class NoiseIdentity: Sendable {
    public let key: PrivateKey
    public init(_ key: PrivateKey, staticSecret: [UInt8]) throws(NoiseFault) { self.key = key }
}
