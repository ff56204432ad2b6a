/// What an agent wants done, or tells. Its driver drains them after each input and each deadline.
public enum ICEOutput: Equatable, Sendable {
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
    /// Packets may be sent from now on, and go this way. Comes again whenever the way is another, or is there again.
    case path(ICEPath)
    /// Both sides have agreed on the path.
    case completed
    /// The remote has not answered for `ICELimits.disconnectedTime`. It may come back.
    case disconnected
    /// The agent has ended, and no packet may be sent any more.
    case failed(ICEFailure)
}
