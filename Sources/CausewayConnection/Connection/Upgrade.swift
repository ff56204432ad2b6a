import CausewayIdentity

/// What a connection needs only until it is established. It is freed then.
final class Upgrade {
    enum Phase: UInt8 {
        case webSocket
        /// Agreeing on Noise.
        case security
        case noise
        /// Agreeing on Yamux, if the remote did not name it in the Noise handshake.
        case muxer
    }

    var phase = Phase.webSocket
    /// The negotiation of Noise, then of Yamux.
    var negotiation: Negotiation
    let noise: NoiseExchange
    /// Why it cannot begin.
    var fault: ConnectionError?

    static let noiseID = [UInt8](utf8: "/noise")
    /// The longest handshake message that is accepted: an RSA key of 8,192 bits and its signature have 2 KiB, and extensions may follow.
    static let largestMessage = 8192

    init(negotiation: Negotiation, noise: NoiseExchange) {
        self.negotiation = negotiation
        self.noise = noise
    }

    /// The layer that a missed deadline names.
    var layer: ConnectionError.Layer {
        switch phase {
        case .webSocket: .webSocket
        case .security: .multistream
        case .noise: .noise
        case .muxer: .yamux
        }
    }
}
