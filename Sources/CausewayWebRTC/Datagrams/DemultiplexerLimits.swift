/// Bounds on what one UDP port keeps to know whose a datagram is, with the reason for each.
public struct DemultiplexerLimits: Equatable, Sendable {
    /// Associations that were dialled, expected or have proven who they are. One costs about a kilobyte here, its DTLS and SCTP some
    /// hundred; so this is what a machine of a gigabyte can serve.
    public var associations = 4096
    /// Associations that strangers began and that have not proven who they are. Each lives for a handshake, some round trips, and OpenSSL
    /// keeps 70 kB for it, or 270 kB at worst: 35 MB in a flood. See `NewcomerLimits` for how many come in a second.
    public var strangers = 128
    /// Those of one IPv4 address or IPv6 /48: a household behind one address that comes at once.
    public var strangersPerPlace = 16
    /// Endpoints of one association. ICE tries a few candidates of the remote, and a NAT may give it another port later; the oldest goes.
    public var endpointsPerAssociation = 8

    public init() {}
}
