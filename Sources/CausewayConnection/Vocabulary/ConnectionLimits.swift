/// Bounds on everything that a remote can make one connection hold, with the reason for each.
public struct ConnectionLimits: Equatable, Sendable {
    /// The time from the first byte to an authenticated, multiplexed connection. go-libp2p allows 15 s.
    public var handshakeTime = Interval.seconds(15)
    /// The time from a stream's opening until its protocol is settled. go-libp2p and js-libp2p allow 10 s.
    public var negotiationTime = Interval.seconds(10)
    /// The size of one multistream-select message. go refuses more than 1,024.
    public var multistreamMessage = 1024
    /// Multistream-select messages on one stream or handshake. Without a bound, a list of proposals could be endless.
    public var multistreamRounds = 64
    /// The size of the HTTP head of a WebSocket handshake or a page's request. Browsers send under 2 KiB, and the cookies of a domain that
    /// a relay shares: up to 4 KiB each, several of them (Node.js accepts as much).
    public var httpHead = 16 << 10
    /// Streams that the remote may have open at the same time. go-libp2p's resource manager gives a peer 256 to 512, js 1,000.
    public var inboundStreams = 1024
    /// Streams of the remote's that come to nothing, as a burst and in a second in the long run: reset before we are done, over the limit,
    /// of a protocol that is not served here, without a protocol in time, or reset by the node because its peer has too many. Beyond that,
    /// the remote only causes work, and loses the connection. As many streams as may be open at the same time can fail twice without harm.
    /// Streams that end in order, or are reset once we are done, do not count.
    public var fruitlessStreams = 2048
    public var fruitlessStreamsPerSecond = 128
    /// Bytes that may arrive on a stream behind the message of hop or stop, before a circuit takes the stream: what a source sends early. A
    /// Noise handshake's first message is far smaller.
    public var sentAhead = 16 << 10
    /// How long a concluded stream may exist if its remote does not end it: somewhat more than a round trip.
    public var concludedTime = Interval.seconds(5)
    /// Streams of ours that the remote has not acknowledged (yamux/README.md: 256).
    public var unacknowledgedStreams = 256
    /// The largest receive window after auto-tuning; the specification fixes the initial 256 KiB. As in go-yamux: 16 MiB fill 1 Gbit/s at a
    /// round-trip time of 130 ms.
    public var maximumWindow = 16 << 20
    /// How far all receive windows of one connection together may grow beyond their initial sizes.
    public var windowsPerConnection = 64 << 20
    /// Bytes of one data channel that its reader has not taken, above which the stream is reset: a channel cannot be paused. Half of what
    /// all channels may hold together: between pages of a busy machine, an echo of 64 MiB falls more than 16 MiB behind.
    public var unreadPerChannel = 32 << 20
    /// Bytes that a peer which heeds credit (Causeway's do) may send on all data channels before their readers have taken them: as much as
    /// SCTP's own window. One stream gets half of what is left: 40 MB/s at a round trip of 50 ms. A stream that nobody reads waits with
    /// that, and is not reset.
    public var channelWindow = 4 << 20
    /// Bytes that wait in one data channel before its writer has to wait (js: the same). A busy page's `bufferedamountlow` events arrive
    /// late: with less, the page would send more slowly than it receives, and an echo would pile up.
    public var channelHighWater = 2 << 20
    /// How long a data channel whose stream is over waits for the remote to acknowledge our end. As in js; some stacks never acknowledge
    /// it.
    public var finishAcknowledgementTime = Interval.seconds(10)
    /// The payload of one frame that we write: 32 KiB stay in the first-level cache (7 % faster than 64 KiB).
    public var framePayload = 32 << 10
    /// Bytes that wait for the link before writers have to wait.
    public var wireHighWater = 256 << 10
    /// Answers to pings, resets and window updates that wait while the remote does not read.
    public var pendingControlFrames = 1024
    /// Bytes of gossip queued on one stream before the next message is dropped.
    public var queuedPerNodeStream = 4 << 20
    /// Bytes queued on a stream of the node's that carries only control messages (ping, identify, hop, stop) before it is reset: otherwise
    /// a remote that keeps asking and never reads could make each stream hold a gossip-sized queue.
    public var queuedPerControlStream = 256 << 10
    /// What the remote makes the connection hold in total (`Link.held`): bytes that were received and not taken by their owners, bytes that
    /// wait for the remote to read, and the cost of each stream. Windows may grow by 64 MiB and start at 256 KiB for each stream, so the
    /// sum stays below this for 240 streams that nobody reads. Above it, the connection is closed.
    public var held = 128 << 20
    /// What a stream counts for in addition to its bytes: its state, its owner and a handler's task.
    public var streamCost = 2 << 10
    /// A Yamux ping is sent after this long without anything received.
    public var keepAliveInterval = Interval.seconds(30)
    /// The connection is dead if nothing was received this long after that ping.
    public var keepAliveTimeout = Interval.seconds(15)
    /// The same after a probe: the machine slept or its network changed, so the connection is more likely dead than slow.
    public var probeTimeout = Interval.seconds(3)

    public init() {}
}
