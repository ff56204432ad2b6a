public import CausewayIdentity

/// What carries one link: a socket, a circuit, a peer connection with its data channels. All that a shell writes for a transport.
///
/// It may be there before its link, while it connects. The link's set calls it, on the set's thread.
public protocol Carrier: AnyObject {
    /// Hands on what the link wants sent, as much as can go now. True if any of it went: the link may have more then.
    func flush() -> Bool
    /// The machine slept, or its network changed: what has signs of life of its own asks for one now.
    func probe(now: Instant)
    /// The link is over: whether there is nothing left to wait for.
    /// - Parameter afterGoodbye: the link ended in order, by our wish. Its last bytes, and the remote's end, are worth waiting for.
    func isDone(afterGoodbye: Bool) -> Bool
    /// Nothing runs over it any more. The last call.
    func close()
}

extension Carrier {
    public func probe(now: Instant) {}
}
