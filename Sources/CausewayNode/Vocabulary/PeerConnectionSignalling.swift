public import CausewayIdentity

/// What a node wants from its shell for one WebRTC peer connection, which is to become a link. The shell answers by `Node.described`,
/// `gathered`, `peerConnected` and `peerFailed`.
public indirect enum PeerConnectionCommand: Equatable, Sendable {
    /// Make a peer connection with a channel labelled `init`, and describe its offer.
    case offer
    /// Make a peer connection for the remote's offer, and describe the answer.
    case answer([UInt8])
    /// The remote's answer to our offer.
    case accept([UInt8])
    /// One of the remote's candidates, as JSON. It may arrive before its description was applied.
    case candidate([UInt8])
    /// The peer connection is connected and belongs to the node from now on: drive it as a link, with a `DataChannelConnection` to this
    /// peer.
    case carry(PeerID, PublicKey)
    /// Close the peer connection.
    case close
}

/// Makes direct connections over WebRTC from relayed ones. A node without it has no WebRTC.
public protocol PeerConnectionSignalling: NodeProtocol {
    /// The shell has the description of its side: an offer, or an answer.
    func described(_ link: UInt32, _ description: [UInt8], in node: NodeState)
    /// The shell has found a candidate, as JSON. It has reported its description before.
    func gathered(_ link: UInt32, _ candidate: [UInt8], in node: NodeState)
    func peerConnected(_ link: UInt32, in node: NodeState)
    func peerFailed(_ link: UInt32, _ fault: SignallingFault, in node: NodeState)
}
