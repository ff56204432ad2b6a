public import CausewayConnection

/// How a node gossips. The defaults are those of go-libp2p and js-libp2p.
public struct GossipSubConfiguration: Sendable {
    /// Send the node's own messages to all known subscribers, not only to the mesh.
    public var floodPublish = true
    /// Gossip over relayed connections with a limit, too.
    public var allowsLimited = false
    /// StrictSign: sign messages, and refuse unsigned ones. If false, StrictNoSign: no author, no signature, and ids are the SHA-256 of the
    /// data, or what the application's function says.
    public var signed = true
    /// How message ids are written. The node understands all forms that name author and number, whatever this is.
    public var messageID = MessageIDForm.learnt
    /// Publishing fails if no known peer is subscribed.
    public var requireSubscribers = false
    #if !hasFeature(Embedded)
        /// Topics that this node joins while one of its neighbours subscribes to them, to carry their messages.
        public var carries: [TopicPattern] = []
    #endif
    public var parameters = GossipSubParameters()
    public var limits = GossipLimits()

    public init() {}
}

/// The numbers of gossipsub-v1.0.md and v1.1.md.
public struct GossipSubParameters: Equatable, Sendable {
    /// D: the wanted number of peers in a topic's mesh.
    public var meshSize = 6
    /// D_low, D_high: when to graft more, when to prune down to `meshSize`.
    public var meshLow = 5
    public var meshHigh = 12
    /// D_out: how many of them we must have dialled ourselves, so that strangers who dial us cannot surround us.
    public var meshOutbound = 2
    /// D_lazy: at least this many other peers are told the ids of new messages, or `gossipPercent` of all.
    public var gossipPeers = 6
    public var gossipPercent = 25
    public var heartbeatInterval = Interval.seconds(1)
    public var firstHeartbeat = Interval.milliseconds(100)
    public var fanoutLifetime = Interval.seconds(60)
    /// How many heartbeats messages are kept for, and for how many of them ids are gossiped.
    public var history = 5
    public var gossipHistory = 3
    /// How long a peer is not grafted again after it was pruned, and after leaving the topic.
    public var pruneBackoff = Interval.seconds(60)
    public var unsubscribeBackoff = Interval.seconds(10)
    /// Remotes' back-offs are shortened to this.
    public var longestBackoff = Interval.seconds(3600)
    /// How long a message's id is remembered.
    public var seenLifetime = Interval.seconds(120)
    /// How often one message is sent again to the same peer on request.
    public var retransmissions = 3
    #if !hasFeature(Embedded)
        /// A message with at least this many bytes of data is announced to the mesh by IDONTWANT as soon as it is known to be genuine. nil:
        /// the node speaks GossipSub 1.1 at most, as a page does, and neither sends IDONTWANT nor is sent any.
        public var dontWantSize: Int? = 1024
    #endif

    public init() {}
}

/// Bounds on what remotes can make gossip store or do, with the reason for each.
public struct GossipLimits: Equatable, Sendable {
    /// The data of one message that this node publishes. With what is around it, this makes an RPC of 1 MiB, which is the most that
    /// go-libp2p reads (js: 4 MiB, rust: 64 KiB); all peers of a topic must read what one of them may publish.
    public var message = (1 << 20) - overhead
    /// One RPC in either direction: the largest message, and around it topic, author, signature and key.
    public var rpc: Int { message + Self.overhead }
    /// A topic's name of 256 bytes, an author of 42, and a signature and a key by RSA of 8,192 bits with 1 KiB each, with room.
    private static let overhead = 4 << 10
    /// A longer RPC that arrives is skipped up to this length, because its sender may only forward what it accepts itself (js: 4 MiB).
    /// After a longer one, the stream cannot be followed.
    public var skippedRPC = 16 << 20
    /// How long the rest of an RPC may take to arrive: 1 MiB at 35 kB/s.
    public var rpcTime = Interval.seconds(30)
    /// Bytes of all peers' RPCs that are unfinished or wait to be processed: many peers may each announce an RPC and never end it. Above
    /// this, the stream that has held most for longest is reset.
    public var heldBytes = 64 << 20
    /// The work of one turn, in total and for one peer. The node's other events wait this long, some 10 ms and 2 ms on a slow machine. Work
    /// is counted in fields of messages read, at 0.1 µs each; other costs are converted to fields.
    public var workPerTurn = 100_000
    public var workPerPeer = 20_000
    /// How many bytes of a message are hashed, copied and framed in the time of one field.
    public var bytesPerWork = 64
    /// Fields of one peer's RPCs between two heartbeats that were control or useless (unknown fields, entries without effect). No honest
    /// peer comes near this. Above it, the peer's stream is reset, after some 3 ms of work.
    public var wasted = 32_768
    /// The length of a topic's name in bytes. The specification has no limit; names in use stay under 100 bytes.
    public var topicName = 256
    /// The topics to which one peer subscribes, and the bytes of their names (js: 1 MiB of names).
    public var subscriptions = 1024
    public var subscriptionBytes = 64 << 10
    /// Subscriptions, messages and control entries that are read of one RPC.
    public var entries = 4096
    /// Ids that are read of one peer between two heartbeats, in IHAVE and in IWANT (go: 5,000), and RPCs with IHAVE (go: 10).
    public var ids = 5000
    public var ihaveCount = 10
    /// One message id in bytes: an inlined key of 42 bytes, framing and 8 bytes need 52; an RSA-8192 key in js's form needs some 1,100.
    public var messageID = 1280
    /// Messages kept to answer IWANT, in bytes of their frames.
    public var cachedBytes = 16 << 20
    /// Remembered ids: at 100 bytes each, some 13 MB.
    public var seen = 131_072
    /// Remembered authors and random sequence numbers where replays are refused: some 6 MB. The least recently used are forgotten first.
    public var sequenceNumbers = 65_536
    /// Remembered ids of messages whose authors have keys that we cannot use.
    public var unverifiable = 4096
    /// Authors whose keys are kept prepared: some 4 MB.
    public var authorKeys = 1024
    /// Back-offs remembered for one topic.
    public var backoffs = 4096
    /// Above this many faults, a peer's messages and control are ignored. Faults fade by a tenth with each heartbeat.
    public var faults = 100
    #if !hasFeature(Embedded)
        /// Ids that are read of one peer in IDONTWANT between two heartbeats (go: 1,000 entries of 10), and those remembered of all peers:
        /// some 10 MB. The oldest are forgotten first; then a message is sent in vain.
        public var dontWantIDs = 1000
        public var dontWant = 65_536
        /// How long the application may take to judge a message. Later, it is ignored.
        public var verdictTime = Interval.seconds(5)
        /// Messages that wait for the application's verdict, in all, of one neighbour, and in bytes. What comes above is dropped unseen, so
        /// that it may come again.
        public var unjudged = 1024
        public var unjudgedPerPeer = 256
        public var unjudgedBytes = 16 << 20
        /// Topics that are carried for others, in all and for one of them. When there are as many, whoever has most of them loses one.
        public var carried = 256
        public var carriedPerPeer = 32
    #endif

    public init() {}
}
