public import CausewayConnection
import CausewayIdentity

// What the shell reports about WebRTC peer connections that the node has requested and that are no links yet.
extension Node {
    /// A peer connection has its local description.
    public func described(link: UInt32, description: [UInt8], now: Instant) {
        begin(now)
        services.signalling?.described(link, description, in: context)
        settle()
    }

    /// A peer connection has found one of its own candidates.
    public func gathered(link: UInt32, candidate: [UInt8], now: Instant) {
        begin(now)
        services.signalling?.gathered(link, candidate, in: context)
        settle()
    }

    /// A peer connection is connected. `.carry` follows, or `.close` if it is not wanted any more.
    public func peerConnected(link: UInt32, now: Instant) {
        begin(now)
        services.signalling?.peerConnected(link, in: context)
        settle()
    }

    /// A peer connection that is no link yet has come further. If it fails, the outcome says how far (`DialOutcome.peerConnection`).
    public func peerProgressed(link: UInt32, _ report: PeerConnectionReport, now: Instant) {
        begin(now)
        services.signalling?.peerProgressed(link, report, in: context)
        settle()
    }

    #if !hasFeature(Embedded)
        /// How far an attempt at a peer connection has come that goes on with this peer. nil: none does.
        public func peerConnectionProgress(with peer: PeerID) -> PeerConnectionReport? { services.signalling?.progress(with: peer) }
    #endif

    /// A peer connection that is no link yet has failed. If the node knows it, `.close` follows.
    public func peerFailed(link: UInt32, _ fault: SignallingFault, now: Instant) {
        begin(now)
        services.signalling?.peerFailed(link, fault, in: context)
        settle()
    }
}
