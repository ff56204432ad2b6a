public import CausewayIdentity

/// Bounds of a DTLS association, with the reason for each.
public struct DTLSLimits: Equatable, Sendable {
    /// What a record adds to a packet: 13 bytes of header, 8 of nonce, 16 of tag (RFC 6347, section 4.1; RFC 5288, section 3).
    public static let overhead = 37
    /// Where the packet lies in its datagram: behind the header and the nonce.
    public static let packetStart = 21
    /// The longest packet that is sealed: with the overhead, UDP and IPv6 it fills the usual 1,500 bytes of a path.
    public static let packet = 1415
    /// The longest datagram of a handshake. All paths that carry IPv6 take it.
    public static let datagram = 1200

    /// For the whole handshake. A person waits no longer, and the longest sensible path needs three round trips of a second.
    public var handshakeTime = Interval.seconds(10)
    /// Until a flight is sent again for the first time; it doubles each time. RFC 6347, section 4.2.4.1, suggests a second and allows less
    /// where the path is known to be short: most are, and a flight sent in vain costs a kilobyte.
    public var firstTimeout = Interval.milliseconds(400)
    /// How often a flight is sent again: at 0.4, 1.2, 2.8 and 6 s. A fifth time would come after the handshake's end.
    public var retransmissions = 4
    /// What a remote may send during a handshake. A handshake with a certificate of an RSA key, each flight sent five times, takes half.
    public var handshakeBytes = 64 << 10
    /// The length of a message of the handshake, which OpenSSL allocates when the first fragment comes. Certificates of browsers and
    /// go-libp2p have below 1 KiB; a ClientHello with a post-quantum key share has 1.5 KiB.
    public var handshakeMessage = 8 << 10
    /// Encrypted records before the handshake has come to them. OpenSSL keeps each in 17 KiB. A remote whose flight was reordered sends
    /// one each time.
    public var earlyRecords = 6

    public init() {}
}
