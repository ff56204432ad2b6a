/// What a peer connection wants done, or tells.
public enum PeerConnectionOutput {
    /// Send the first `count` bytes of the buffer.
    case send(count: Int, ICEPath)
    /// Open one more socket under this number, at the address of another one's. What is sent by one that cannot be opened is lost.
    case openSocket(UInt32, beside: UInt32)
    /// Close a socket that was opened so.
    case closeSocket(UInt32)
    /// Tell the remote of a candidate of this side.
    case candidate(ICECandidate)
    /// Tell the remote that there are no more.
    case endOfCandidates
    /// The remote has proven that it holds the key of a certificate with this fingerprint.
    case authenticated(CertificateFingerprint)
    /// What the channels tell. The bytes of a part are lent until the next call of any kind.
    case channel(DataChannelEvent)
    /// The remote has been silent for a while. It may come back.
    case disconnected
    /// The last output. nil: one of both sides closed it in order.
    case closed(PeerConnectionError?)
}

/// Why a peer connection ended, and in which layer.
public enum PeerConnectionError: Error, Equatable, Sendable {
    case ice(ICEFailure)
    case dtls(DTLSError)
    case sctp(AssociationError)
}
