import CausewayConnection
import CausewayIdentity

/// A request to a server of AutoNAT that has no result yet.
final class AutoNATRequest {
    /// What the server says, which waits for evidence.
    enum Claim {
        case none
        /// It reached the node at the address with this place in the request.
        case reached(index: Int)
    }
    let stream: StreamKey
    let peer: PeerID
    let voice: Voice
    let isVersion1: Bool
    /// In the order of the request.
    let trials: [AddressTrial]
    let nonce: UInt64
    let askedAt: Instant
    var deadline: Instant
    var inbox = MessageInbox()
    var claim = Claim.none
    var hasSentData = false
    /// Where connections that came meanwhile have ended here, and said the nonce; in version 1, which has none, all that came.
    var arrivals: [Multiaddr] = []

    init(
        _ stream: StreamKey, to link: ConnectedLink, _ voice: Voice, isVersion1: Bool, _ trials: [AddressTrial], nonce: UInt64,
        now: Instant, deadline: Instant
    ) {
        self.stream = stream
        peer = link.peer
        self.voice = voice
        self.isVersion1 = isVersion1
        self.trials = trials
        self.nonce = nonce
        askedAt = now
        self.deadline = deadline
    }

    /// Whether a connection arrived as it would if an address of ours had been dialled: over its transport, in its family of addresses. The
    /// port may be a router's.
    func hasArrived(at address: Multiaddr) -> Bool {
        for local in arrivals {
            guard case .ip(let end)? = local.host else { continue }
            if case .ip(let ip)? = address.host, ip.count != end.count { continue }
            if local.transport == address.transport { return true }
            // A proxy in front may have TLS.
            if case .webSocket = local.transport, address.transport == .webSocket(secure: true) { return true }
        }
        return false
    }
}
