public import CausewayConnection

/// Bounds on everything that remotes together can make one node keep, with the reason for each. Relay limits are the relay's own:
/// `RelayLimits`.
public struct NodeLimits: Equatable, Sendable {
    public var connection = ConnectionLimits()
    /// All connections. At 12 kB each a relay of this size stays under 200 MB.
    public var connections = 16_384
    /// From one IPv4 address or IPv6 /56. A household or an office shares one; loopback is exempt.
    public var connectionsPerAddress = 256
    /// From one IPv6 /48, which a single customer may hold whole: as much as four addresses may.
    public var connectionsPerNetwork = 1024
    /// Of one authenticated peer: direct, relayed, and their overlap while one replaces the other.
    public var connectionsPerPeer = 8
    /// Not yet authenticated. At this limit the oldest one of the place that has most goes. A shell has as many sockets beside them that
    /// have not said what they are, TLS handshakes included, of one place no more than `connectionsPerAddress`.
    public var pendingConnections = 1024
    /// What remotes make the node keep: bytes received that nobody has taken, bytes that wait for them to read, streams. Past a bound that
    /// connection goes which holds most within the largest holder.
    ///
    /// | counted by | at most | because |
    /// |---|---|---|
    /// | connection (`ConnectionLimits.held`) | 128 MiB | windows may grow by 64 MiB; the rest is their beginnings |
    /// | peer | 128 MiB | several connections of one peer take no more than one |
    /// | place: IPv4 address, IPv6 /56 | 192 MiB | a household with a fast peer and an unhappy one |
    /// | IPv6 /48 | 256 MiB | a customer's households |
    /// | all | 512 MiB | a machine of 1 GiB |
    ///
    /// A link tells when its sum has moved by 32 KiB (`Link.heldStep`): each connection may hold as much more. Loopback is no place. What a
    /// node keeps beside that has bounds of its own: unfinished RPCs and cached messages of gossip (`GossipLimits`), what is known of peers
    /// (here), reservations and hop streams (`RelayLimits`), handshakes (`pendingConnections`).
    public var heldPerPeer = 128 << 20
    public var heldPerPlace = 192 << 20
    public var heldPerNetwork = 256 << 20
    public var held = 512 << 20
    /// Addresses under trial at once, in all and for one peer (go: 160 and 8).
    public var dials = 160
    public var dialsPerPeer = 8
    /// The whole of one dial request, and one address in it.
    public var dialTime = Interval.seconds(15)
    public var dialAttemptTime = Interval.seconds(10)
    /// Peers that announced themselves and are being dialled. Each says so again within seconds, so nothing is lost by passing one over.
    public var heardPeers = 8
    /// Those that one neighbour in gossip brought: half of them, so that others' announcements are followed, too.
    public var heardPeersPerNeighbour = 4
    /// How long each of them is tried: enough for direct addresses to fail and a circuit to stand.
    public var heardPeerTime = Interval.seconds(8)
    /// Addresses of a peer that are dialled although only remotes named them; as many of them direct ones, so that circuits get their turn;
    /// and how many of them are names to look up.
    public var heardAddresses = 8
    public var heardDirectAddresses = 6
    public var heardNames = 2
    /// Dials and look-ups that remotes caused, a second: in all and to one host.
    public var heardDials = 32
    public var heardDialsPerHost = 4
    /// The same at once: to one host, and look-ups in all, of which the system may serve as few as two at a time.
    public var heardDialsPerHostAtOnce = 2
    public var heardLookUps = 1
    /// Addresses kept of one peer, and peers kept that are not connected.
    public var addressesPerPeer = 32
    public var storedPeers = 4096
    /// How long what is known of an unconnected peer is kept (js: addresses 1 h, peers 6 h).
    public var addressLifetime = Interval.seconds(3600)
    /// Protocol ids kept of one peer (go since 0.49: 1,024), and one id's length.
    public var protocolsPerPeer = 1024
    public var protocolIDLength = 256
    /// What one peer may tell by identify in bytes, in one message (js writes one, however long) or in several (go: 10 of 8 KiB), and how
    /// many these are.
    public var identifyBytes = 80 << 10
    public var identifyMessages = 10

    /// From the first signalling message to a connected WebRTC peer connection (js: 30 s).
    public var signallingTime = Interval.seconds(30)
    /// One signalling message. A data channel's description has about 500 bytes, with all candidates in it 4 KiB.
    public var signallingMessage = 16 << 10
    /// Candidates taken from one remote: a host has an address or two on each of a few interfaces.
    public var signallingCandidates = 64
    /// WebRTC connections in the making at once: browsers allow a page 500 in all.
    public var signallings = 64

    public init() {}
}
