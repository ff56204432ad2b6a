#if !hasFeature(Embedded)
    public import CausewayIdentity

    /// Bounds of resumable streams.
    public struct ResumptionLimits: Equatable, Sendable {
        /// How long a stream lives without a connection that carries it.
        public var deadline = Interval.seconds(30)
        /// Bytes of one stream that were written and are not confirmed: they are kept, to be sent again over the next connection. A writer
        /// waits when there are as many. At most `Resumption.window`, 1 MiB, which is also what may be unread.
        public var unconfirmed = Resumption.window
        /// Streams that one peer has opened here.
        public var streamsPerPeer = 16
        /// Streams that all peers have opened here. Each holds at most `unconfirmed` and an unread `Resumption.window`, together 128 MiB.
        public var streams = 64

        public init() {}
    }
#endif
