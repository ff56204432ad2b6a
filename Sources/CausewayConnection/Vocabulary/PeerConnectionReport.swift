/// How far an attempt at a WebRTC connection has come, and what it had to go by. Behind one pointer, as errors are: most attempts have
/// none.
public final class PeerConnectionReport: Equatable, Sendable {
    /// What happened last.
    public enum State: Sendable {
        /// The remote's description has not come.
        case signalling
        /// ICE looks for a path.
        case checking
        /// There is a path, and both sides prove their certificates.
        case securing
        case connected
    }

    public let state: State
    /// Candidates of this side, and of the remote: those that it named, and those that only its checks showed.
    public let localCandidates: Int
    public let remoteCandidates: Int
    /// Those of the remote that could be tried. Names and other machines' loopback cannot.
    public let usableCandidates: Int
    /// Pairs of a socket here and a candidate there that were checked, and those of them that answered.
    public let checkedPairs: Int
    public let answeredPairs: Int
    #if !hasFeature(Embedded)
        /// What was done about hard NATs. nil: this node does nothing about them.
        public let hardNAT: HardNATReport?
    #endif

    public init(
        _ state: State, localCandidates: Int = 0, remoteCandidates: Int = 0, usableCandidates: Int = 0, checkedPairs: Int = 0,
        answeredPairs: Int = 0
    ) {
        self.state = state
        self.localCandidates = localCandidates
        self.remoteCandidates = remoteCandidates
        self.usableCandidates = usableCandidates
        self.checkedPairs = checkedPairs
        self.answeredPairs = answeredPairs
        #if !hasFeature(Embedded)
            hardNAT = nil
        #endif
    }

    #if !hasFeature(Embedded)
        /// The same with what was done about hard NATs.
        public init(_ report: PeerConnectionReport, hardNAT: HardNATReport?) {
            state = report.state
            localCandidates = report.localCandidates
            remoteCandidates = report.remoteCandidates
            usableCandidates = report.usableCandidates
            checkedPairs = report.checkedPairs
            answeredPairs = report.answeredPairs
            self.hardNAT = hardNAT
        }
    #endif

    public static func == (a: PeerConnectionReport, b: PeerConnectionReport) -> Bool {
        #if !hasFeature(Embedded)
            if a.hardNAT != b.hardNAT { return false }
        #endif
        return a.state == b.state && a.localCandidates == b.localCandidates && a.remoteCandidates == b.remoteCandidates
            && a.usableCandidates == b.usableCandidates && a.checkedPairs == b.checkedPairs && a.answeredPairs == b.answeredPairs
    }
}

#if !hasFeature(Embedded)
    extension PeerConnectionReport: CustomStringConvertible {
        public var description: String {
            "\(state), \(localCandidates) candidates here, \(usableCandidates) of \(remoteCandidates) there usable, "
                + "\(answeredPairs) of \(checkedPairs) pairs answered"
                + (hardNAT.map { "; hard NATs: \($0)" } ?? "")
        }
    }
#endif
