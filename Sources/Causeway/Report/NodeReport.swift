public import CausewayNode

/// A node's state at one moment, for status pages and logs.
public struct NodeReport: Sendable {
    /// A connected peer.
    public struct Peer: Sendable, Equatable {
        /// The connection that new streams use.
        public let connection: Connection
        /// The peer's software, according to identify. nil: identify has not succeeded yet.
        public let agent: String?
        /// How long that connection has been open.
        public let connectedFor: Interval
        /// On a relay: the remaining time of the peer's reservation. nil: it has none.
        public let reservedFor: Interval?
    }

    /// A reservation that this relay has granted.
    public typealias Place = ReservationSlot

    /// A circuit that runs through this relay.
    public struct Circuit: Sendable, Equatable {
        public let id: UInt32
        public let source: PeerID
        public let target: PeerID
        /// The bytes from source to target, and from target to source.
        public let sent: UInt64
        public let returned: UInt64
        /// The limit of bytes in each direction, and of time.
        public let limit: CircuitLimit
        public let age: Interval
    }

    /// A gossip topic that this node has joined, for the application or for discovery.
    public struct Topic: Sendable, Equatable {
        public let name: String
        public let mesh: [PeerID]
        /// The connected peers that are known to subscribe.
        public let subscribers: [PeerID]
    }

    public let peerID: PeerID
    public let agent: String
    /// The addresses at which others can dial the node, each with its peer id.
    public let addresses: [Multiaddr]
    /// The node's own addresses, advertised or not, each with its source, verdict and reason.
    public let ownAddresses: [OwnAddressState]
    /// How much goes directly. A relay's connections count as direct, and the bytes of its circuits at their ends alone.
    public let directShare: DirectShare
    /// The time since the node was made.
    public let uptime: Interval
    public let status: NodeStatus
    /// What the node offers as a relay, with its limits. nil: it is no relay.
    public let relayService: Configuration.RelayService?
    /// The most connections at the same time.
    public let connectionLimit: Int
    /// The most entries in `ownAddresses` and in each of the lists below. Longer lists are cut; `status` has the full counts.
    public let listLimit: Int
    public let peers: [Peer]
    /// The reservations; those that end first are at the front.
    public let places: [Place]
    /// The circuits; the oldest is at the front.
    public let circuits: [Circuit]
    public let topics: [Topic]
}
