#if !hasFeature(Embedded)
    public import CausewayIdentity

    /// Bounds of resumable streams.
    public struct ResumptionLimits: Equatable, Sendable {
        /// How long a stream lives without a connection that carries it.
        public var deadline = Interval.seconds(30)
        /// Bytes of one stream that were sent and are not confirmed: they are kept, to be sent again over the next connection. A writer
        /// waits when there are as many.
        public var unconfirmed = 1 << 20
        /// Bytes of one stream that have arrived and were not read. Beyond it, its connection is not read.
        public var unread = 256 << 10
        /// Streams that one peer has opened here.
        public var streamsPerPeer = 16
        /// Streams that all peers have opened here. Together they hold at most `streams * (unconfirmed + unread)` bytes, 160 MiB.
        public var streams = 128

        public init() {}
    }
#endif
