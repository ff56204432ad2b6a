public import CausewayConnection

/// What a node's gossip is to do. The defaults are go-libp2p's and js-libp2p's.
public struct GossipSubConfiguration: Equatable, Sendable {
    /// In which form message ids go out to a peer. Both are understood, always.
    public enum MessageIDForm: UInt8, Sendable {
        /// Author and sequence number, as the specification and go-libp2p.
        case go
        /// Public key (protobuf) and sequence number, as js-libp2p.
        case js
        /// The one that the peer uses: learnt from its ids and its agent's name, `go` until then.
        case both
    }

    /// Own messages go to all known subscribers, not to the mesh alone.
    public var floodPublish = true
    /// Also over relayed connections that have a limit.
    public var allowLimited = false
    /// StrictSign: messages are signed, and unsigned ones refused. Else StrictNoSign: no author, no signature, and ids are SHA-256 of
    /// the data.
    public var signed = true
    public var messageID = MessageIDForm.both
    /// Publishing fails if no subscriber is known.
    public var requireSubscribers = false
    public var parameters = GossipSubParameters()
    public var limits = GossipLimits()

    public init() {}
}

/// The numbers of gossipsub-v1.0.md and v1.1.md.
public struct GossipSubParameters: Equatable, Sendable {
    /// D: wanted peers in a topic's mesh.
    public var meshSize = 6
    /// D_low, D_high: when to graft more, when to prune down to `meshSize`.
    public var meshLow = 5
    public var meshHigh = 12
    /// D_out: how many of them we dialled ourselves, so that strangers who dial us cannot surround us.
    public var meshOutbound = 2
    /// D_lazy: at least so many others are told of new messages' ids, or `gossipPercent` of all.
    public var gossipPeers = 6
    public var gossipPercent = 25
    public var heartbeatInterval = Interval.seconds(1)
    public var firstHeartbeat = Interval.milliseconds(100)
    public var fanoutLifetime = Interval.seconds(60)
    /// Heartbeats for which messages are kept, and of how many of them ids are gossiped.
    public var history = 5
    public var gossipHistory = 3
    /// How long a pruned peer is not grafted again, after pruning and after leaving the topic.
    public var pruneBackoff = Interval.seconds(60)
    public var unsubscribeBackoff = Interval.seconds(10)
    /// Remotes' back-offs are cut to this.
    public var longestBackoff = Interval.seconds(3600)
    /// How long a message's id is remembered.
    public var seenLifetime = Interval.seconds(120)
    /// How often one message is sent again to the same peer that asks for it.
    public var retransmissions = 3

    public init() {}
}

/// Bounds on what remotes can make gossip keep or do, with the reason for each.
public struct GossipLimits: Equatable, Sendable {
    /// One RPC in either direction (go: 1 MiB).
    public var rpc = 1 << 20
    /// A longer one that arrives is passed over up to this length, because its sender may only pass on what it takes itself (js: 4 MiB).
    /// Behind a longer one the stream cannot be followed.
    public var skippedRPC = 16 << 20
    /// How long the rest of an RPC may take to come. 1 MiB at 35 kB/s.
    public var rpcTime = Interval.seconds(30)
    /// Bytes of RPCs that are unfinished or wait to be worked off, of all peers together: many may each announce an RPC and never end it.
    /// Above it the stream goes that holds most, for longest.
    public var heldBytes = 64 << 20
    /// Work of one turn, in all and for one peer: other events of the node have to wait so long, some 10 ms and 2 ms on a slow machine. It
    /// is counted in fields of messages read, at 0.1 µs; what else costs is given in these.
    public var workPerTurn = 100_000
    public var workPerPeer = 20_000
    /// Bytes of a message that are hashed, copied and framed in the time of one field.
    public var bytesPerWork = 64
    /// Fields of one peer's RPCs between two heartbeats that were control or good for nothing (unknown fields, entries without effect). No
    /// honest peer comes near; above it its stream is reset, after some 3 ms of work.
    public var wasted = 32_768
    /// A topic's name. The specification has no limit; names in use stay under 100 bytes.
    public var topicName = 256
    /// Topics that one peer subscribes to, and the bytes of their names (js: 1 MiB of names).
    public var subscriptions = 1024
    public var subscriptionBytes = 64 << 10
    /// Subscriptions, messages and control entries of one RPC that are looked at.
    public var entries = 4096
    /// Ids that are looked at of one peer between two heartbeats, in IHAVE and in IWANT (go: 5,000), and RPCs with IHAVE (go: 10).
    public var ids = 5000
    public var announcements = 10
    /// One message id: an inlined key of 42 bytes, framing and 8 bytes need 52; an RSA-8192 key in js's form some 1,100.
    public var messageID = 1280
    /// Messages kept to answer IWANT, in bytes of their frames.
    public var cachedBytes = 16 << 20
    /// Ids remembered: at 100 bytes each some 13 MB.
    public var seen = 131_072
    /// Authors and random sequence numbers remembered where replays are refused: some 6 MB. Used least recently, they are forgotten first.
    public var sequenceNumbers = 65_536
    /// Ids remembered of messages whose authors have keys that we cannot use.
    public var unverifiable = 4096
    /// Authors whose keys are kept ready to verify by: some 4 MB.
    public var authorKeys = 1024
    /// Back-offs kept of one topic.
    public var backoffs = 4096
    /// Faults, which fade by a tenth each heartbeat, at which a peer's messages and control are ignored.
    public var faults = 100

    public init() {}
}
