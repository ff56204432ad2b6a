import CausewayNode
import CausewayRuntime

/// What a node is and does. Everything has a default: `Configuration()` describes a peer with a fresh identity that listens nowhere,
/// gossips, and dials the addresses that the application names.
public struct Configuration: Sendable {
    /// Who the node is.
    public enum Identity: Sendable {
        /// A fresh Ed25519 key for this run.
        case ephemeral
        case key(PrivateKey)
        /// A key file of mode 0600, created on the first run: see `KeyFile`.
        case file(path: String)
    }

    /// Relays at which the node holds reservations, so that others can reach it through them.
    public struct Relays: Sendable {
        /// Addresses of relays, each with its peer id (`/…/p2p/12D3…`). The node tries them in this order.
        public var addresses: [Multiaddr]
        /// How many reservations to hold at the same time. The remaining addresses are spares.
        public var wanted: Int

        public init(_ addresses: [Multiaddr], wanted: Int? = nil) {
            self.addresses = addresses
            self.wanted = wanted ?? addresses.count
        }
    }

    /// What the node offers to others as a relay (relay/circuit-v2.md).
    public struct RelayService: Sendable {
        private static let standard = RelayLimits()

        /// The most reservations at the same time.
        public var reservations = Self.standard.reservations
        /// The most reservations from one IPv4 address or IPv6 /56. Loopback does not count.
        public var reservationsPerAddress = Self.standard.reservationsPerAddress
        /// How long a reservation holds before it must be refreshed.
        public var lifetime = Self.standard.reservationTime
        /// The most circuits at the same time, in total.
        public var circuits = Self.standard.circuits
        /// The most circuits of one peer, as source or as target.
        public var circuitsPerPeer = Self.standard.circuitsPerPeer
        /// The most circuits whose sources share one IPv4 address or IPv6 /56. Loopback does not count.
        public var circuitsPerAddress = Self.standard.circuitsPerAddress
        /// The most circuits to one peer from one source, or from all sources at one IPv4 address or IPv6 /56.
        public var circuitsPerSource = Self.standard.circuitsPerSource
        /// How many bytes one circuit may carry in each direction, and how long it may last.
        public var circuitLimit = Self.standard.circuit
        /// How many bytes the relay may hold for one direction of a circuit while its reader is slow: the relay's receive windows grow up
        /// to this size. 1 MiB carries 80 Mbit/s at a round-trip time of 100 ms.
        public var window = 1 << 20

        public init() {}
    }

    /// How the node gossips (GossipSub).
    public struct PubSub: Sendable {
        /// How gossip message ids are formed: see "Both dialects of gossip message ids" in ARCHITECTURE.md. `both` understands Go and
        /// JavaScript peers in one mesh.
        public enum MessageID: String, Sendable { case go, js, both }

        private static let standard = GossipSubConfiguration()

        /// Send the node's own messages to every known subscriber, not only to the mesh.
        public var floodPublish = Self.standard.floodPublish
        /// Gossip over relayed connections with a limit, too.
        public var allowLimited = Self.standard.allowLimited
        /// Sign messages and require signatures (StrictSign). If false, do neither (StrictNoSign).
        public var signed = Self.standard.signed
        public var messageID = MessageID.both
        /// The time between two heartbeats.
        public var heartbeat = Self.standard.parameters.heartbeatInterval
        /// How many messages the node keeps for a `Subscription` whose reader is slow.
        public var backlog = 8192

        public init() {}
    }

    /// How the node finds other peers by gossip on a topic.
    public struct Discovery: Sendable {
        /// The format of announcements.
        public enum Form: String, Sendable {
            /// js-libp2p's pubsub-peer-discovery: a protobuf message with the public key and the addresses.
            case protobuf
            /// `{"peerId": "...", "addrs": ["..."]}`
            case json
        }
        public var topic: String
        public var form: Form
        public var interval: Interval
        /// Listen for announcements without announcing this node.
        public var listenOnly: Bool
        /// Dial discovered peers that are not connected. The node dials few at a time and at a limited rate. It dials addresses of this
        /// machine or its network only if it has such an address itself (`Configuration.allowsLocalHearsay`).
        public var dials: Bool

        public init(
            topic: String, form: Form, interval: Interval = DiscoveryTopic.usualInterval, listenOnly: Bool = false, dials: Bool = false
        ) {
            self.topic = topic
            self.form = form
            self.interval = interval
            self.listenOnly = listenOnly
            self.dials = dials
        }

        /// The topic and form of js-libp2p's `pubsubPeerDiscovery()`.
        public static let pubsub = Discovery(topic: String(decoding: DiscoveryTopic.protobuf.name, as: UTF8.self), form: .protobuf)
        /// The topic `p2p-discovery` with JSON.
        public static let json = Discovery(topic: String(decoding: DiscoveryTopic.json.name, as: UTF8.self), form: .json)
    }

    /// The TLS certificate for `/tls/ws` listeners.
    public struct Certificate: Sendable {
        /// Paths of two PEM files: the certificate with its chain, and its key.
        public var certificatePath: String
        public var keyPath: String

        public init(certificatePath: String, keyPath: String) {
            self.certificatePath = certificatePath
            self.keyPath = keyPath
        }
    }

    /// Which certificates the node accepts when it dials `/tls/ws`.
    public enum Trust: Sendable {
        case system
        /// A PEM file of certificate authorities, used instead of the system's.
        case authorities(path: String)
        /// Accept any certificate. Noise still authenticates the peer.
        case anything
    }

    public var identity = Identity.ephemeral
    /// The addresses to listen on: `/ip4/0.0.0.0/tcp/4001`, `/ip4/0.0.0.0/tcp/4002/ws`, `/ip4/0.0.0.0/tcp/4003/tls/ws` ...
    public var listen: [Multiaddr] = []
    /// The addresses to advertise instead of the bound ones.
    public var announce: [Multiaddr] = []
    /// Dial loopback, link-local and private addresses that the node knows only from remotes (by discovery or identify), even if the node
    /// has no such address itself. A stranger can then make it connect to anything in its network. The node always dials the addresses that
    /// the application names.
    public var allowsLocalHearsay = false
    public var relays: Relays?
    public var relayService: RelayService?
    public var pubSub: PubSub? = PubSub()
    public var discovery: [Discovery] = []
    public var certificate: Certificate?
    public var trust = Trust.system
    /// A directory of files for browsers (.html, .css, .js, .wasm, .svg, .d.ts; at most 16 MiB in total). The node serves them on its
    /// WebSocket ports, together with `/status.json`, which shows `Node.report` to these pages only. `Node.init` reads the directory once.
    /// nil: the node serves no pages.
    public var pages: String?
    /// Further host names under which browsers may request `/status.json`. The announced names and those of the certificate are always
    /// allowed.
    public var pageHosts: [String] = []
    /// Show the names of peers, circuits and topics in `/status.json` to everybody. If false, only requests from this machine see them, and
    /// others see counts and addresses.
    public var publicStatus = false
    public var pageLimits = PageLimits()
    /// The number of threads that carry connections. One is enough for a peer; a busy relay may use one per core.
    public var loops = 1
    /// How long a stopping node waits for its last bytes to leave and for remotes to close their connections. Then it drops what is left.
    public var drainTime = NativeShell.drainTime
    /// The software name that identify sends to peers.
    public var agent = "causeway/\(causewayVersion)"
    public var limits = NodeLimits()
    /// What the node writes to standard error of what it does; nil: what the environment's `CAUSEWAY_LOG` asks for, by default nothing.
    public var log: LogLevels?

    public init() {}
}

/// The version of this library.
public let causewayVersion = "0.1.0"
