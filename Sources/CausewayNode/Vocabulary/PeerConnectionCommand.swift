public import CausewayIdentity

/// What a node wants from its shell for one WebRTC peer connection, which is to become a link. The shell answers by `Node.described`,
/// `gathered`, `peerConnected` and `peerFailed`.
///
/// `stunServers` are where the peer connection may ask for its public address: `/ip4/<ip>/udp/<port>` or `/ip6/<ip>/udp/<port>` each. They
/// are those of the configuration, then at most 4 of connected peers.
public indirect enum PeerConnectionCommand: Equatable, Sendable {
    /// Make a peer connection with a channel labelled `init`, and describe its offer.
    case offer(stunServers: [Multiaddr])
    /// Make a peer connection for the remote's offer, and describe the answer.
    case answer([UInt8], stunServers: [Multiaddr])
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
