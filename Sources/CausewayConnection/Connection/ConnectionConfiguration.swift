public import CausewayIdentity

extension Connection {
    /// What a connection is made from.
    public struct Configuration: Sendable {
        /// The node's key with its Noise static key. The node makes it once, and its connections share it.
        public var identity: NoiseIdentity
        public var isInitiator: Bool
        public var webSocket: WebSocketRole
        /// The peer that was dialled. Any other peer is refused.
        public var expecting: PeerID?
        public var protocols: ProtocolTable
        public var limits: ConnectionLimits
        /// Whether the connection runs over a circuit with limits. If so, only protocols that allow it are served.
        public var isLimited = false
        /// Fresh secret random bytes, at least `Connection.entropySize`, for the ephemeral key, and WebSocket's key and masks.
        public var entropy: Secret

        public init(
            identity: NoiseIdentity, isInitiator: Bool, webSocket: WebSocketRole = .none, expecting: PeerID? = nil,
            protocols: ProtocolTable, limits: ConnectionLimits, entropy: Secret
        ) {
            self.identity = identity
            self.isInitiator = isInitiator
            self.webSocket = webSocket
            self.expecting = expecting
            self.protocols = protocols
            self.limits = limits
            self.entropy = entropy
        }
    }

    /// How many random bytes a connection needs.
    public static var entropySize: Int { 64 }
}

extension StreamMachine {
    /// The streams of a new connection.
    public convenience init(over connection: Connection, _ configuration: Connection.Configuration, now: Instant) {
        self.init(
            over: connection, protocols: configuration.protocols, limits: configuration.limits, isLimited: configuration.isLimited, now: now
        )
    }
}

extension NoiseIdentity {
    /// Names exactly one muxer: js chooses from the remote's list, go from the initiator's.
    /// - Parameter staticSecret: 32 fresh secret random bytes, for the lifetime of this process only.
    public convenience init(_ key: PrivateKey, staticSecret: Secret) throws(NoiseFault) {
        try self.init(key, staticSecret: staticSecret, muxers: [Yamux.protocolID])
    }
}
