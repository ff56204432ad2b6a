public import CausewayConnection
public import CausewayIdentity

/// One address that was tried, and the result.
public final class DialOutcome: Equatable, Sendable {
    /// The result of one address.
    public indirect enum Result: Equatable, Sendable {
        case connected
        case failed(ConnectionError)
        /// The relay's answer to CONNECT: a raw value of `HopStatus` (relay/circuit-v2.md).
        case refusedByRelay(status: UInt16)
        /// Name resolution failed, with the resolver's own code (natively that of c-ares).
        case unresolved(code: Int32)
        /// Cancelled: another address connected first, or the request was cancelled.
        case cancelled
        /// Not tried: the peer or the address failed recently.
        case backedOff
        /// Not tried: this build or platform has no transport for it.
        case unsupported
        /// Not tried: only a remote named it, and it leads to this machine or its network, or contains a path of the remote's choice.
        case hearsay
        /// Not tried: the address, or the whole request, leads to this node itself.
        case ownPeer
        /// Not tried: one of this node's limits was reached.
        case limit(LimitName, value: UInt64)
    }
    public let peer: PeerID?
    public let address: Multiaddr
    public let result: Result
    public let took: Interval
    /// A peer tried to reach this node, and this node took part: an offer of WebRTC that failed.
    public let isInbound: Bool
    /// How far a WebRTC connection had come. nil: the attempt made none.
    public let peerConnection: PeerConnectionReport?

    public init(
        peer: PeerID?, address: Multiaddr, result: Result, took: Interval, isInbound: Bool = false,
        peerConnection: PeerConnectionReport? = nil
    ) {
        self.peer = peer
        self.address = address
        self.result = result
        self.took = took
        self.isInbound = isInbound
        self.peerConnection = peerConnection
    }

    public static func == (a: DialOutcome, b: DialOutcome) -> Bool {
        a.peer == b.peer && a.address == b.address && a.result == b.result && a.took == b.took && a.isInbound == b.isInbound
            && a.peerConnection == b.peerConnection
    }
}
