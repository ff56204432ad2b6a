public import CausewayConnection
public import CausewayIdentity

/// What all protocols of one node share: its identity, the time, its limits, its tables of connections, peers and addresses, and what they
/// want done: outputs for the shell and wishes for each other.
///
/// Exactly one driver owns it, through `Node`. Protocols get it as an argument and keep no reference.
public final class NodeContext {
    public let identity: PrivateKey
    public let peerID: PeerID
    public let limits: NodeLimits
    /// The moment of the input that is being processed.
    public internal(set) var now: Instant
    /// Unix time in nanoseconds at `Instant(nanoseconds: 0)`.
    public internal(set) var unixEpoch: UInt64
    public var random: RandomSource
    public let connections: ConnectionTable
    public let peers: PeerStore
    /// This node's own.
    public let addresses: OwnAddresses
    /// The node's gossip, for protocols that use topics. nil: it has none.
    public internal(set) var topics: (any TopicPublishing)?
    /// The protocols that the node serves: the protocols' own entries, then the application's.
    public internal(set) var protocolTable = ProtocolTable([])

    var outbox = Outbox()
    var wishes = WishQueue()
    var owners = StreamOwners()
    /// Links that are not authenticated yet: accepted, dialled, over circuits and by WebRTC.
    var expectedLinks = Table<UInt32, ExpectedLink>()
    var lastStream: UInt32 = 1 << 31
    var lastLink: UInt32 = 0
    var lastConnectRequest: UInt32 = 0

    init(
        identity: PrivateKey, limits: NodeLimits, addresses: OwnAddresses = OwnAddresses(), seed: UInt64, unixEpoch: UInt64, now: Instant
    ) {
        self.identity = identity
        peerID = identity.publicKey.peerID
        connections = ConnectionTable(own: peerID)
        self.limits = limits
        self.addresses = addresses
        self.now = now
        self.unixEpoch = unixEpoch
        random = RandomSource(seed: seed)
        peers = PeerStore(limits: limits)
    }

    /// Seconds since 1970, for expiry times on the wire.
    public var unixSeconds: UInt64 { (unixEpoch &+ now.nanoseconds) / 1_000_000_000 }
    public var unixNanoseconds: UInt64 { unixEpoch &+ now.nanoseconds }

    // MARK: Outputs

    public func append(_ output: NodeOutput) { outbox.append(output) }
    public func emit(_ event: Event) { outbox.append(.event(.happened(event))) }
    public func deliver(_ message: GossipMessage) { outbox.append(.event(.message(message))) }
    public func answer(_ request: UInt32, _ answer: Answer) { outbox.append(.event(.answered(request: request, answer))) }
}
