public import CausewayConnection

/// How a node gossips. The defaults are those of go-libp2p and js-libp2p.
public struct GossipSubConfiguration: Equatable, Sendable {
    /// The form of the message ids that are sent to a peer. The node always understands both forms.
    public enum MessageIDForm: UInt8, Sendable {
        /// Author and sequence number, as in the specification and go-libp2p.
        case go
        /// Public key (protobuf) and sequence number, as in js-libp2p.
        case js
        /// The form that the peer uses. The node learns it from the peer's ids and agent name, and uses `go` until then.
        case both
    }

    /// Send the node's own messages to all known subscribers, not only to the mesh.
    public var floodPublish = true
    /// Gossip over relayed connections with a limit, too.
    public var allowLimited = false
    /// StrictSign: sign messages, and refuse unsigned ones. If false, StrictNoSign: no author, no signature, and ids are the SHA-256 of the
    /// data.
    public var signed = true
    public var messageID = MessageIDForm.both
    /// Publishing fails if no known peer is subscribed.
    public var requireSubscribers = false
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

    public init() {}
}

/// Bounds on what remotes can make gossip store or do, with the reason for each.
public struct GossipLimits: Equatable, Sendable {
    /// One RPC in either direction (go: 1 MiB).
    public var rpc = 1 << 20
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
    public var announcements = 10
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

    public init() {}
}
