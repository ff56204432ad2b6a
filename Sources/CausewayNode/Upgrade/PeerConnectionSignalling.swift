public import CausewayConnection
public import CausewayIdentity

/// Makes direct connections over WebRTC from relayed ones. A node without it has no WebRTC.
public protocol PeerConnectionSignalling: DirectUpgrading {
    /// The shell has the description of its side: an offer, or an answer.
    func described(_ link: UInt32, _ description: [UInt8], in node: NodeContext)
    /// The shell has found a candidate, as JSON. It has reported its description before.
    func gathered(_ link: UInt32, _ candidate: [UInt8], in node: NodeContext)
    func peerConnected(_ link: UInt32, in node: NodeContext)
    func peerFailed(_ link: UInt32, _ fault: SignallingFault, in node: NodeContext)
    /// A page does not say so: it has its own report.
    func peerProgressed(_ link: UInt32, _ report: PeerConnectionReport, in node: NodeContext)
    #if !hasFeature(Embedded)
        /// How far the attempt with this peer has come that goes on. nil: none does.
        func progress(with peer: PeerID) -> PeerConnectionReport?
    #endif
}
