public import CausewayNode
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

    /// How the node gossips (GossipSub). `Node.init` refuses numbers with which no mesh works (`GossipSettingError`).
    public struct PubSub: Sendable {
        /// How gossip message ids are written: see "Message ids in all dialects" in ARCHITECTURE.md. With `learnt`, peers of all
        /// implementations understand each other in one mesh, as long as they use their defaults or a known function.
        public typealias MessageID = MessageIDForm

        private static let standard = GossipSubConfiguration()

        /// Send the node's own messages to every known subscriber, not only to the mesh.
        public var floodPublish = Self.standard.floodPublish
        /// Let `Node.publish` succeed if no known peer is subscribed. If false, it throws `PublishError.noSubscribers` then, as in a page.
        public var allowsPublishToZeroTopicPeers = false
        /// Gossip over relayed connections with a limit, too.
        public var allowsLimited = Self.standard.allowsLimited
        /// Sign messages and require signatures (StrictSign). If false, do neither (StrictNoSign).
        public var signed = Self.standard.signed
        public var messageID = MessageID.learnt
        /// Carry the messages of other topics, too: the node joins a topic that fits as long as a connected peer subscribes to it. Only
        /// subscribers learn of it, so whoever wants to publish has to subscribe, and two nodes that carry a topic do not join their
        /// subscribers. `limits.carried` bounds the number of such topics.
        public var carries: [TopicPattern] = []
        /// The size of meshes, the times, and how much is gossiped about.
        public var parameters = GossipSubParameters()
        /// What others can make the node do and keep, and the size of a message (`limits.message`).
        public var limits = GossipLimits()
        /// How many messages the node keeps for a `Subscription` whose reader is slow.
        public var backlog = 8192

        public init() {}
    }

    /// How the node finds other peers by gossip on a topic.
    public struct Discovery: Sendable {
        /// The format of announcements.
        public typealias Form = DiscoveryTopic.Form

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

    /// What becomes of peers that were found in the local network.
    public typealias LocalDiscovery = LocalDiscoveryPolicy

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
    /// The addresses to listen on: `/ip4/0.0.0.0/tcp/4001`, `/ip4/0.0.0.0/tcp/4002/ws`, `/ip4/0.0.0.0/tcp/4003/tls/ws`,
    /// `/ip4/0.0.0.0/udp/4001/webrtc-direct` ... The last one is advertised with the hash of a certificate, which is kept beside the key if
    /// the key is kept in a file. UDP port 0 stands for the number of a TCP port at the same IP address, if it is free.
    public var listen: [Multiaddr] = []
    /// Further addresses, on which the node listens if it can. If it cannot, `Node.listenFailures` says why, and the node runs without.
    public var listenIfPossible: [Multiaddr] = []
    /// The addresses to advertise instead of the bound ones.
    public var announce: [Multiaddr] = []
    /// Have this network's gateway forward the ports on which the node listens by IPv4, by PCP (RFC 6887), NAT-PMP (RFC 6886) or UPnP, so
    /// that others reach the node from the Internet, and let others through to its public IPv6 addresses, by PCP. Nothing is asked of the
    /// gateway if the node listens nowhere, on loopback or at a public IPv4 address. `Event.portMapping` says what came of it. The gateway
    /// is asked to end it when the node stops.
    public var mapsPorts = true
    /// Look for peers in this machine's private networks by multicast DNS (`_p2p._udp.local`), and tell everybody there of this node. nil,
    /// the default: do neither, since the users of an application may not want every network that they visit to know its peer id.
    public var localDiscovery: LocalDiscovery?
    /// Dial loopback, link-local and private addresses that the node knows only from remotes (by discovery or identify), even if the node
    /// has no such address itself. A stranger can then make it connect to anything in its network. The node always dials the addresses that
    /// the application names.
    public var allowsLocalHearsay = false
    /// Dial addresses of this IP version alone, whoever names them and whatever a name leads to. nil, the default: of both. The others'
    /// attempts fail with "Address family not supported by protocol".
    public var dialledFamily: IPFamily?
    /// Make direct connections by WebRTC from relayed ones (`/webrtc`), with pages and with other peers: each side finds the other by its
    /// candidates, which go through the relay. If it fails, the relayed connection stays as it was.
    public var webRTC = true
    /// Make direct connections over TCP from relayed ones (`/libp2p/dcutr`): both sides dial each other at the same time from the ports
    /// that they listen on, so that the NATs between them take it for their own hosts' dials. If it fails, the relayed connection stays as
    /// it was.
    public var holePunching = true
    /// STUN servers that WebRTC asks for this node's public address, beside the relays and peers that offer it: `/ip4/…/udp/…` or
    /// `/ip6/…/udp/…` each.
    public var stunServers: [Multiaddr] = []
    /// Try to get through where one side's NAT gives each remote another port, and the other side's lets in only answers (symmetric against
    /// port-restricted), for which WebRTC alone finds no path. Both sides have to be native Causeway nodes that allow it, and the former
    /// has to know two STUN servers, such as two relays, by which it finds out about its NAT. One attempt with random ports gets
    /// through in 99 of 100 cases and lasts 8 s at most; it costs the former 256 UDP sockets, packets and entries in its NAT, the latter
    /// 1,150 packets and entries in its own, all to one public IPv4 address that the remote names. Where ports follow one another, up to
    /// 128 packets mostly do. A node makes one attempt at a time, and begins none within 10 s of another. Off by default, because small
    /// routers have little room for entries, and because it looks like a scan of ports to the other side's network.
    public var hardNATs = false
    /// How the node finds out at which of its addresses others reach it (AutoNAT): it asks connected peers that offer to try, and
    /// advertises what they see (`Node.ownAddresses`). nil: not at all.
    public var autonatClient: AutoNATClientLimits? = AutoNATClientLimits()
    /// What the node does so that others can find that out: a relay at once, another node when it knows that others reach it. nil:
    /// nothing.
    public var autonatServer: AutoNATServerLimits? = AutoNATServerLimits()
    public var relays: Relays?
    public var relayService: RelayService?
    public var pubSub: PubSub? = PubSub()
    public var discovery: [Discovery] = []
    public var certificate: Certificate?
    public var trust = Trust.system
    /// A directory of files for browsers (.html, .css, .js, .wasm, .svg, .d.ts, .map; at most 16 MiB in total). The node serves them on its
    /// WebSocket ports, together with `/status.json`, which shows `Node.report` to these pages only. The pages of all sites may load files
    /// whose names begin with `causeway.` (the browser package), and `/relay.json`, which has the node's peer id. `Node.init` reads the
    /// directory once. nil: the node serves no pages.
    public var pages: String?
    /// Further host names under which browsers may request `/status.json`. The announced names and those of the certificate are always
    /// allowed.
    public var pageHosts: [String] = []
    /// Show the names of peers, circuits and topics in `/status.json` to everybody. If false, only requests from this machine see them, and
    /// others see counts and addresses.
    public var publicStatus = false
    public var pageLimits = PageLimits()
    /// What strangers at the ports of `/webrtc-direct` can make the node do and hold.
    public var webRTCLimits = WebRTCLimits()
    /// Bounds of streams that go on over another connection (`Node.open(_:to:allowsLimited:resumable:)`).
    public var resumption = ResumptionLimits()
    /// The number of threads that carry connections. One is enough for a peer; a busy relay may use one per core.
    public var loops = 1
    /// How long a stopping node waits for its last bytes to leave and for remotes to close their connections. Then it drops what is left.
    public var drainTime = NativeShell.drainTime
    /// The software name that identify sends to peers.
    public var agent = "causeway/\(causewayVersion)"
    /// The family of protocols that identify sends to peers, such as `ipfs/0.1.0`. Peers only show it.
    public var protocolVersion = "ipfs/0.1.0"
    public var limits = NodeLimits()
    /// What the node writes to standard error of what it does; nil: what the environment's `CAUSEWAY_LOG` asks for, by default nothing.
    public var log: LogLevels?

    public init() {}
}

/// The version of this library.
public let causewayVersion = "0.1.0"
