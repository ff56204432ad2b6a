public import CausewayConnection
import CausewayIdentity

// What the shell reports about WebRTC peer connections that the node has requested and that are no links yet.
extension Node {
    /// A peer connection has its local description.
    public func described(link: UInt32, description: [UInt8], now: Instant) {
        begin(now)
        parts.signalling?.described(link, description, in: state)
        settle()
    }

    /// A peer connection has found one of its own candidates.
    public func gathered(link: UInt32, candidate: [UInt8], now: Instant) {
        begin(now)
        parts.signalling?.gathered(link, candidate, in: state)
        settle()
    }

    /// A peer connection is connected. `.carry` follows, or `.close` if it is not wanted any more.
    public func peerConnected(link: UInt32, now: Instant) {
        begin(now)
        parts.signalling?.peerConnected(link, in: state)
        settle()
    }

    /// A peer connection that is no link yet has failed. If the node knows it, `.close` follows.
    public func peerFailed(link: UInt32, _ fault: SignallingFault, now: Instant) {
        begin(now)
        parts.signalling?.peerFailed(link, fault, in: state)
        settle()
    }
}
