public import CausewayIdentity

/// Bounds on what an association keeps for its remote and for its application, with the reason for each.
public struct SCTPLimits: Equatable, Sendable {
    /// Bytes that have arrived and that the application has not taken, as the remote is told: at 100 ms it allows 40 MB/s. Memory reaches
    /// twice that if the remote leaves a gap and the application takes nothing.
    public var receiveWindow = 4 << 20
    /// Chunks that wait for earlier ones. Three windows of full packets fit, but no flood of chunks of one byte.
    public var heldChunks = 8192
    /// Fragments of unordered messages among them. A whole message has some two hundred. Who leaves out fragments makes all that wait be
    /// looked at again with each one that comes.
    public var heldFragments = 1024
    /// How far a TSN may be ahead of the first that is missing: what a gap block can name (RFC 9260, section 3.3.4).
    public var tsnsAhead: UInt32 = 65535
    /// Gap blocks of one SACK. Further gaps are reported when the first are filled.
    public var gapReports = 64
    /// Duplicates that one SACK reports. They only tell the remote that it sent too early.
    public var duplicateReports = 16
    /// The longest message that is received, as `a=max-message-size` says it; js-libp2p and go-libp2p send 16 KiB.
    public var messageBytes = 256 << 10
    /// Streams on which something arrives, at the same time. libp2p opens one for each of its own streams.
    public var streams = 4096
    /// Bytes that the application has sent and the remote has not acknowledged: at 100 ms it allows 80 MB/s.
    public var sendBuffer = 8 << 20
    /// Messages that the application has sent and the remote has not acknowledged, as each costs some memory beyond its bytes.
    public var sentMessages = 16384
    /// How long a state cookie is good (RFC 9260, section 16, "Valid.Cookie.Life").
    public var cookieLifetime = Interval.seconds(60)
    /// The longest state cookie that is echoed. COOKIE ECHO must fit into one packet.
    public var cookieBytes = 1024
    /// Answers that wait to be sent (heartbeats, errors, responses). A flood of questions gets no more at once.
    public var waitingAnswers = 16
    /// Retransmissions without an answer after which the remote is gone (RFC 9260, section 16, "Association.Max.Retrans").
    public var retransmissions = 10
    /// The same for INIT and COOKIE ECHO ("Max.Init.Retransmits").
    public var handshakeRetransmissions = 8
    /// How long the window may be closed by data that the application leaves lying on one stream, before that stream is reset for the
    /// sake of the others. A slow reader opens the window again and again.
    public var starvation = Interval.seconds(30)

    public init() {}
}
