/// What there is to see of a node at one moment, for status pages and logs.
public struct NodeReport: Sendable {
    /// A connected peer.
    public struct Peer: Sendable, Equatable {
        /// The connection that new streams take.
        public let connection: Connection
        /// What identify told of its software; nil while it has not.
        public let agent: String?
        /// How long that connection has stood.
        public let connectedFor: Interval
        /// As relay: how long its reservation holds from now; nil if it has none.
        public let reservedFor: Interval?
    }

    /// A reservation that this relay has given.
    public struct Place: Sendable, Equatable {
        public let peer: PeerID
        /// Until it ends, unless it is refreshed.
        public let remaining: Interval
    }

    /// A circuit that runs through this relay.
    public struct Circuit: Sendable, Equatable {
        public let id: UInt32
        public let source: PeerID
        public let target: PeerID
        /// Bytes from source to target, and back.
        public let sent: UInt64
        public let returned: UInt64
        /// For the bytes each way, and the time.
        public let limit: CircuitLimit
        public let age: Interval
    }

    /// A gossip topic that this node has joined, for itself or for discovery.
    public struct Topic: Sendable, Equatable {
        public let name: String
        public let mesh: [PeerID]
        /// Connected peers that are known to subscribe.
        public let subscribers: [PeerID]
    }

    public let peerID: PeerID
    public let agent: String
    /// Under which others can dial the node, with its peer id.
    public let addresses: [Multiaddr]
    /// Since the node was made.
    public let uptime: Duration
    public let status: NodeStatus
    /// What it serves as relay, with its limits; nil if it is none.
    public let relayService: Configuration.RelayService?
    /// Connections that it takes at once.
    public let connectionLimit: Int
    /// How long the lists below may be: they are cut there, `status` has the whole numbers.
    public let listLimit: Int
    public let peers: [Peer]
    /// Those that end first at the front.
    public let places: [Place]
    /// The oldest at the front.
    public let circuits: [Circuit]
    public let topics: [Topic]
}
