#if !hasFeature(Embedded)
    /// What an application says of a message that another peer published (gossipsub-v1.1.md, "Extended Validators").
    public enum MessageVerdict: UInt8, Sendable {
        /// Deliver and forward it.
        case accept
        /// Do neither. No honest peer forwards it, so it counts against the neighbour that did, as a wrong signature does.
        case reject
        /// Do neither. Nobody is to blame.
        case ignore
    }

    /// How many messages that the application judges came to which end.
    public struct VerdictCounts: Equatable, Sendable {
        public var accepted: UInt64 = 0
        public var rejected: UInt64 = 0
        public var ignored: UInt64 = 0
        /// Ignored, because there was no verdict in time.
        public var overdue: UInt64 = 0
        /// Not judged, because too many others waited for their verdicts.
        public var refused: UInt64 = 0

        public init() {}
    }
#endif
