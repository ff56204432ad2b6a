import CausewayNode
import CausewayRuntime

/// What a node is to be and do. Everything has a default: `Configuration()` is a peer with a fresh identity that listens nowhere,
/// gossips, and dials what it is told to.
public struct Configuration: Sendable {
    /// Who the node is.
    public enum Identity: Sendable {
        /// A fresh Ed25519 key for this run.
        case ephemeral
        case key(PrivateKey)
        /// A key file of mode 0600, made on the first run: see `KeyFile`.
        case file(path: String)
    }

    /// Addresses to be reserved at, so that others can reach this node through them.
    public struct Relays: Sendable {
        /// Relays with their peer id (`/…/p2p/12D3…`), tried in this order.
        public var addresses: [Multiaddr]
        /// How many reservations to hold at once; further addresses stand by.
        public var wanted: Int

        public init(_ addresses: [Multiaddr], wanted: Int? = nil) {
            self.addresses = addresses
            self.wanted = wanted ?? addresses.count
        }
    }

    /// To be a relay for others (relay/circuit-v2.md).
    public struct RelayService: Sendable {
        private static let standard = RelayLimits()

        /// Reservations at once.
        public var reservations = Self.standard.reservations
        /// Reservations from one IPv4 address or IPv6 /56; loopback is exempt.
        public var reservationsPerAddress = Self.standard.reservationsPerAddress
        /// How long a reservation holds before it must be refreshed.
        public var lifetime = Self.standard.reservationTime
        /// Circuits at once, in all.
        public var circuits = Self.standard.circuits
        /// Circuits of one peer, as source or target.
        public var circuitsPerPeer = Self.standard.circuitsPerPeer
        /// Circuits whose sources share one IPv4 address or IPv6 /56; loopback is exempt.
        public var circuitsPerAddress = Self.standard.circuitsPerAddress
        /// Circuits to one peer from one source, or from all sources at one IPv4 address or IPv6 /56.
        public var circuitsPerSource = Self.standard.circuitsPerSource
        /// What one circuit may carry each way, and how long it may last.
        public var circuitLimit = Self.standard.circuit
        /// What one direction of a circuit may make the relay hold while its reader is slow, in bytes: where the receive windows of its
        /// connections stop growing. 1 MiB carries 80 Mbit/s at a round trip of 100 ms.
        public var window = 1 << 20

        public init() {}
    }

    /// Whether and how the node gossips (GossipSub).
    public struct PubSub: Sendable {
        /// How messages are named in gossip: see DESIGN of the message ids in ARCHITECTURE.md. `both` understands go and js peers in one
        /// mesh.
        public enum MessageID: String, Sendable { case go, js, both }

        private static let standard = GossipSubConfiguration()

        /// Own messages go to every known subscriber, not to the mesh alone.
        public var floodPublish = Self.standard.floodPublish
        /// Also over relayed connections with a limit.
        public var allowLimited = Self.standard.allowLimited
        /// Sign messages and demand signatures (StrictSign); else neither (StrictNoSign).
        public var signed = Self.standard.signed
        public var messageID = MessageID.both
        /// Between two heartbeats.
        public var heartbeat = Self.standard.parameters.heartbeatInterval
        /// Messages kept for a reader of a `Subscription` that is slower than they come.
        public var backlog = 8192

        public init() {}
    }

    /// To find other peers by gossip on a topic.
    public struct Discovery: Sendable {
        /// How announcements are written.
        public enum Form: String, Sendable {
            /// js-libp2p's pubsub-peer-discovery: protobuf of public key and addresses.
            case protobuf
            /// `{"peerId": "...", "addrs": ["..."]}`
            case json
        }
        public var topic: String
        public var form: Form
        public var interval: Interval
        /// Hear of others without telling of oneself.
        public var listenOnly: Bool
        /// Dial peers that are found and not connected: few at once, at a pace, and nothing of this machine or its network unless the node
        /// is of there (`Configuration.allowsLocalHearsay`).
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

    /// A certificate for `/tls/ws` listeners.
    public struct Certificate: Sendable {
        /// PEM: the certificate and its chain; the key.
        public var certificatePath: String
        public var keyPath: String

        public init(certificatePath: String, keyPath: String) {
            self.certificatePath = certificatePath
            self.keyPath = keyPath
        }
    }

    /// Which certificates are believed when dialling `/tls/ws`.
    public enum Trust: Sendable {
        case system
        /// PEM file of certification authorities, instead of the system's.
        case authorities(path: String)
        /// Any certificate. The peer is still authenticated by Noise.
        case anything
    }

    public var identity = Identity.ephemeral
    /// Where to listen: `/ip4/0.0.0.0/tcp/4001`, `/ip4/0.0.0.0/tcp/4002/ws`, `/ip4/0.0.0.0/tcp/4003/tls/ws` ...
    public var listen: [Multiaddr] = []
    /// Advertised instead of the bound addresses.
    public var announce: [Multiaddr] = []
    /// Dial loopback, link-local and private addresses that only remotes name (by discovery, identify) also where the node has no such
    /// address itself: a stranger can make it connect to anything in its network then. What the application names is dialled always.
    public var allowsLocalHearsay = false
    public var relays: Relays?
    public var relayService: RelayService?
    public var pubSub: PubSub? = PubSub()
    public var discovery: [Discovery] = []
    public var certificate: Certificate?
    public var trust = Trust.system
    /// A directory whose files (.html, .css, .js, .wasm, .svg, .d.ts, 16 MiB together) are shown to browsers on the WebSocket ports, with
    /// `/status.json` beside them: what `Node.report` tells, for these pages alone. Read once, by `Node.init`. nil: no pages.
    public var pages: String?
    /// Names of the node's, beside announced ones and those of its certificate, under which `/status.json` may be asked for.
    public var pageHosts: [String] = []
    /// Shows everybody in `/status.json` which peers, circuits and topics there are. Else they are shown to this machine only, and counts
    /// and addresses to others.
    public var publicStatus = false
    public var pageLimits = PageLimits()
    /// Threads that carry connections. One serves a peer; a busy relay may use a core each.
    public var loops = 1
    /// How long the node waits at its end for what is on its way to leave, and for its remotes to close, before it drops what is left.
    public var drainTime = NativeShell.drainTime
    /// What identify tells of the software.
    public var agent = "causeway/\(causewayVersion)"
    public var limits = NodeLimits()
    /// What the node writes to standard error of what it does; nil: what the environment's `CAUSEWAY_LOG` asks for, by default nothing.
    public var log: LogLevels?

    public init() {}
}

/// The version of this library.
public let causewayVersion = "0.1.0"
