#if !hasFeature(Embedded)
    /// Why a resumable stream could not go on.
    public enum ResumptionFault: Error, Equatable, Sendable {
        /// No connection carried the stream again within `ResumptionLimits.deadline`. `undelivered`: how many bytes that were written here
        /// the remote has not confirmed.
        case tooLate(undelivered: UInt64)
        /// The remote does not know the stream: it gave it up, or never had it.
        case unknownStream
        /// The remote carries as many resumable streams as it allows.
        case tooManyStreams
        /// One side claims to have received more than was sent, or less than it had confirmed.
        case impossiblePosition
        /// The remote sent more than `Resumption.window` that was not confirmed.
        case tooMuchUnconfirmed
        /// The remote sent a frame that does not exist, or a frame of the wrong length.
        case malformed
    }
#endif
