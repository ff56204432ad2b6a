/// Bounds on everything a remote can make one connection keep, with the reason for each.
public struct ConnectionLimits: Equatable, Sendable {
    /// From the first byte to an authenticated, multiplexed connection. go-libp2p allows 15 s.
    public var handshakeTime = Interval.seconds(15)
    /// From a stream's opening to its settled protocol. go-libp2p and js-libp2p allow 10 s.
    public var negotiationTime = Interval.seconds(10)
    /// One multistream-select message. go refuses above 1,024.
    public var multistreamMessage = 1024
    /// Multistream-select messages on one stream or handshake before it is refused: an endless list of proposals otherwise.
    public var multistreamRounds = 64
    /// An HTTP head of a WebSocket handshake. Browsers send under 2 KiB; cookies may double it.
    public var httpHead = 8192
    /// Streams the remote may have open at once. go-libp2p's resource manager gives a peer 256 to 512, js 1,000.
    public var inboundStreams = 1024
    /// Streams of the remote's that came to nothing, at once and a second in the long run: reset before we were done, over the limit, of a
    /// protocol that nobody serves here, without a protocol in time, or reset by the node because its peer had too many. Beyond that it
    /// only makes us work, and loses the connection. A crowd of streams as large as may be open fails twice without harm; those that end
    /// in order, or are reset once we are done, do not count.
    public var fruitlessStreams = 2048
    public var fruitlessStreamsPerSecond = 128
    /// Bytes that may come on a stream behind the message of hop or stop, before a circuit takes it: what a source sends ahead. A Noise
    /// handshake's first message is far below.
    public var sentAhead = 16 << 10
    /// How long a stream stays that the node wants nothing more of, if its remote does not end it: a round trip and some.
    public var concludedTime = Interval.seconds(5)
    /// Streams of ours that the remote has not acknowledged (yamux/README.md: 256).
    public var unacknowledgedStreams = 256
    /// Where auto-tuning stops; streams start with 256 KiB, as the specification fixes. As in go-yamux: 16 MiB fill 1 Gbit/s at 130 ms.
    public var maximumWindow = 16 << 20
    /// What all receive windows of one connection may grow to together beyond their starts.
    public var windowsPerConnection = 64 << 20
    /// Bytes of one data channel that its reader has not taken when the stream is reset: a channel cannot be paused. Half of what all may
    /// take together: between pages of a busy machine an echo of 64 MiB falls more than 16 MiB behind.
    public var unreadPerChannel = 32 << 20
    /// Bytes waiting in one data channel before its writer is held back (js: the same). A page that is flooded hears late of what has
    /// gone out: with less it sends more slowly than it is sent to, and an echo piles up.
    public var channelHighWater = 2 << 20
    /// How long a data channel whose stream is over waits for the remote to say that it saw our end. As js; some stacks never say so.
    public var finishAcknowledgementTime = Interval.seconds(10)
    /// Payload of one frame we write: 32 KiB stay in the first-level cache (7 % faster than 64 KiB).
    public var framePayload = 32 << 10
    /// Bytes waiting for the link before writers are held back.
    public var wireHighWater = 256 << 10
    /// Answers to pings, resets and window updates waiting while the remote does not read.
    public var pendingControlFrames = 1024
    /// Bytes of gossip queued on one stream before the next message is dropped.
    public var queuedPerNodeStream = 4 << 20
    /// Bytes queued on a stream of the node's that carries control messages only (ping, identify, hop, stop) before it is reset: a remote
    /// that asks without end and never reads the answers could else make each of its streams hold as much as gossip may.
    public var queuedPerControlStream = 256 << 10
    /// What the remote makes the connection keep in all (`Link.held`): bytes that were received and not taken by their owners, what waits
    /// for it to read, and what each stream costs. Windows may grow by 64 MiB, and their beginnings are 256 KiB a stream: the sum is below
    /// for 240 streams that nobody reads. Past it the connection is closed.
    public var held = 128 << 20
    /// What a stream is counted for beside its bytes: its state, its owner and a handler's task.
    public var streamCost = 2 << 10
    /// A Yamux ping after this long without anything received.
    public var keepAliveInterval = Interval.seconds(30)
    /// The connection is dead if nothing was received this long after that ping.
    public var keepAliveTimeout = Interval.seconds(15)

    public init() {}
}
