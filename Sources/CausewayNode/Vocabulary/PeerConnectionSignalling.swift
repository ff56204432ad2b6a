public import CausewayIdentity

/// What a node asks of its shell for one WebRTC peer connection, which is to become a link. The shell answers by `Node.described`,
/// `gathered`, `peerConnected` and `peerFailed`.
public indirect enum PeerConnectionCommand: Equatable, Sendable {
    /// Make one, with a channel labelled `init`, and describe its offer.
    case offer
    /// Make one for the remote's offer, and describe the answer.
    case answer([UInt8])
    /// The remote's answer to our offer.
    case accept([UInt8])
    /// One of the remote's candidates, as JSON. It may come before the description that it belongs to was applied.
    case candidate([UInt8])
    /// It is connected, and the node's from now on: drive it as a link, by a `DataChannelConnection` to this peer.
    case carry(PeerID, PublicKey)
    /// Give it up.
    case close
}

/// Makes direct connections over WebRTC out of relayed ones. A node without it has no WebRTC.
public protocol PeerConnectionSignalling: NodeProtocol {
    /// The shell has described its side: an offer, or an answer.
    func described(_ link: UInt32, _ description: [UInt8], in node: NodeState)
    /// The shell has found a candidate, as JSON. Its description was told before.
    func gathered(_ link: UInt32, _ candidate: [UInt8], in node: NodeState)
    func peerConnected(_ link: UInt32, in node: NodeState)
    func peerFailed(_ link: UInt32, _ fault: SignallingFault, in node: NodeState)
}
