/// What a datagram of a WebRTC port is, by its first byte (RFC 7983, section 7).
public enum DatagramKind: Equatable, Sendable {
    case stun
    case dtls

    /// nil: media, ZRTP, a TURN channel, QUIC, or nothing known; data channels need none of these.
    public init?(firstByte: UInt8) {
        switch firstByte {
        case 0...3: self = .stun
        case 20...63: self = .dtls
        default: return nil
        }
    }
}
