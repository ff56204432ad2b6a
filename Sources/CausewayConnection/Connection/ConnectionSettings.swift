public import CausewayIdentity

extension Connection {
    /// What all connections of one thread of a node have in common.
    public final class Settings {
        /// What a new connection serves.
        public var protocols: ProtocolTable
        public let limits: ConnectionLimits
        let identity: NoiseIdentity

        public init(identity: NoiseIdentity, protocols: ProtocolTable, limits: ConnectionLimits) {
            self.identity = identity
            self.protocols = protocols
            self.limits = limits
        }

        /// One of them.
        /// - Parameters:
        ///   - isInCircuit: its frames are as much smaller as the headers around them, so that each fills one frame outside.
        ///   - isLimited: the circuit has a limit.
        ///   - entropy: fresh secret random bytes, at least `entropySize` of them.
        public func configuration(
            isInitiator: Bool, webSocket: WebSocketRole = .none, expecting: PeerID?, isInCircuit: Bool = false, isLimited: Bool = false,
            entropy: Secret
        ) -> Configuration {
            var configuration = Configuration(
                identity: identity, isInitiator: isInitiator, webSocket: webSocket, expecting: expecting, protocols: protocols,
                limits: limits, entropy: entropy)
            if isInCircuit {
                configuration.limits.framePayload = max(1024, limits.framePayload - Yamux.headerSize - CipherKey.tagLength - 2)
            }
            configuration.isLimited = isLimited
            return configuration
        }
    }
}
