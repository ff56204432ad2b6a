public import CausewayIdentity

/// Bounds on what a node does for others that ask at which addresses they can be reached, with the reason for each. Where no reason is
/// given, the value is go-libp2p's.
public struct AutoNATServerLimits: Equatable, Sendable {
    /// Requests that are served in a minute: of all peers, of one peer, and of one IPv4 address or IPv6 /56, so that somebody with many
    /// keys leaves something for others. Loopback is no place.
    public var requests = 60
    public var requestsPerPeer = 12
    public var requestsPerPlace = 24
    /// Those among them that name another IP address than the one at which the peer is seen.
    public var requestsWithData = 12
    /// Requests of one peer at the same time.
    public var requestsPerPeerAtOnce = 2
    /// One message of a request.
    public var messageSize = 8192
    /// What a peer has to send before the node dials another IP address: more than a handshake costs whoever is there (autonat-v2.md,
    /// "Amplification Attack Prevention").
    public var leastData = 30_000
    public var mostData = 100_000
    /// What each message of such data has at least, except for the last one: reading it costs the node.
    public var leastDataPart = 100
    /// A dial of another IP address waits for up to so long, so that many servers cannot be made to dial one at the same moment.
    public var delay = Interval.seconds(3)
    /// Addresses that are dialled for one request of v1. A host has a TCP and a WebSocket port, or two.
    public var dialsOfVersion1 = 4
    /// The time for a request to arrive with its data, for a dial, and for the remote to answer on the new connection.
    public var requestTime = Interval.seconds(15)
    public var dialTime = Interval.seconds(10)
    public var dialBackTime = Interval.seconds(5)

    /// The defaults.
    public init() {}
}
