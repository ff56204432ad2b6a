public import CausewayConnection

/// Bounds on everything that remotes together can make one node hold, with the reason for each. A relay has its own: `RelayLimits`.
public struct NodeLimits: Equatable, Sendable {
    public var connection = ConnectionLimits()
    /// Connections in total. At 12 kB each, a relay of this size stays under 200 MB.
    public var connections = 16_384
    /// Connections from one IPv4 address or IPv6 /56 (one household or office). Loopback does not count.
    public var connectionsPerAddress = 256
    /// Connections from one IPv6 /48, which a single customer may hold as a whole: as many as from four addresses.
    public var connectionsPerNetwork = 1024
    /// Connections of one authenticated peer: direct ones, relayed ones, and both while one replaces the other.
    public var connectionsPerPeer = 8
    /// Connections that are not authenticated yet. At this limit, the oldest one of the place with the most is closed. A shell may hold as
    /// many further sockets whose protocol is not known yet, including TLS handshakes, with at most `connectionsPerAddress` of one place.
    public var pendingConnections = 1024
    /// What remotes make the node hold: bytes received that nobody has taken, bytes that wait for the remote to read, and streams. Past a
    /// bound, the connection that holds most within the largest holder is closed.
    ///
    /// | counted by | at most | because |
    /// |---|---|---|
    /// | connection (`ConnectionLimits.held`) | 128 MiB | windows may grow by 64 MiB; the rest is their beginnings |
    /// | peer | 128 MiB | several connections of one peer take no more than one |
    /// | place: IPv4 address, IPv6 /56 | 192 MiB | a household with a fast peer and an unhappy one |
    /// | IPv6 /48 | 256 MiB | a customer's households |
    /// | all | 512 MiB | a machine of 1 GiB |
    ///
    /// A link reports when its sum has changed by 32 KiB (`Link.heldStep`), so each connection may hold that much more. Loopback is no
    /// place. Everything else that a node holds has bounds of its own: unfinished RPCs and cached messages of gossip (`GossipLimits`),
    /// knowledge about peers (here), reservations and hop streams (`RelayLimits`), handshakes (`pendingConnections`).
    public var heldPerPeer = 128 << 20
    public var heldPerPlace = 192 << 20
    public var heldPerNetwork = 256 << 20
    public var held = 512 << 20
    /// Addresses that are being dialled at the same time, in total and for one peer (go: 160 and 8).
    public var dials = 160
    public var dialsPerPeer = 8
    /// The time for a whole dial request, and for one address in it.
    public var dialTime = Interval.seconds(15)
    public var dialAttemptTime = Interval.seconds(10)
    /// Peers that announced themselves and are being dialled. Each announces itself again within seconds, so skipping one loses nothing.
    public var heardPeers = 8
    /// Of these, the peers that one neighbour announced: half, so that others' announcements count, too.
    public var heardPeersPerNeighbour = 4
    /// How long each of them is tried: enough for direct addresses to fail and a circuit to open.
    public var heardPeerTime = Interval.seconds(8)
    /// Addresses of a peer that are dialled although only remotes named them; how many of these may be direct, so that circuits get their
    /// turn; and how many may be names to look up.
    public var heardAddresses = 8
    public var heardDirectAddresses = 6
    public var heardNames = 2
    /// Dials and look-ups that remotes cause in a second: in total, and to one host.
    public var heardDials = 32
    public var heardDialsPerHost = 4
    /// The same at one time: to one host, and look-ups in total, of which the system may serve as few as two at a time.
    public var heardDialsPerHostAtOnce = 2
    public var heardLookUps = 1
    /// Addresses remembered of one peer, and remembered peers that are not connected.
    public var addressesPerPeer = 32
    public var storedPeers = 4096
    /// How long the node remembers a peer that is not connected (js: addresses 1 h, peers 6 h).
    public var addressLifetime = Interval.seconds(3600)
    /// Protocol ids remembered of one peer (go since 0.49: 1,024), and the length of one id.
    public var protocolsPerPeer = 1024
    public var protocolIDLength = 256
    /// The bytes that one peer may send by identify, in one message (js writes one, however long) or in several (go: 10 of 8 KiB), and the
    /// number of these messages.
    public var identifyBytes = 80 << 10
    public var identifyMessages = 10

    /// The time from the first signalling message to a connected WebRTC peer connection (js: 30 s).
    public var signallingTime = Interval.seconds(30)
    /// One signalling message. A data channel's description has about 500 bytes, and 4 KiB with all candidates in it.
    public var signallingMessage = 16 << 10
    /// Candidates accepted from one remote: a host has an address or two on each of a few interfaces.
    public var signallingCandidates = 64
    /// WebRTC connections in the making at the same time: browsers allow a page 500 in total.
    public var signallings = 64

    public init() {}
}
