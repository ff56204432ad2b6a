import CausewayIdentity

/// One side of ICE, of whichever kind.
struct ICEEnd {
    private var lite: ICELiteAgent?
    private let full: ICEAgent?

    init(_ agent: ICELiteAgent) {
        lite = agent
        full = nil
    }

    init(_ agent: ICEAgent) {
        lite = nil
        full = agent
    }

    var isLite: Bool { full == nil }

    /// A lite agent asks nothing: the remote does.
    func probe(now: Instant) { full?.probe(now: now) }

    var nextDeadline: Instant { full?.nextDeadline ?? lite?.nextDeadline ?? .distantFuture }

    mutating func receive(_ datagram: UnsafeRawBufferPointer, over path: ICEPath, now: Instant) {
        if let full { full.receive(datagram, over: path, now: now) } else { lite?.receive(datagram, over: path, now: now) }
    }

    mutating func pollOutput(into buffer: UnsafeMutableRawBufferPointer, now: Instant) -> ICEOutput? {
        if let full { return full.pollOutput(into: buffer, now: now) }
        return lite?.pollOutput(into: buffer, now: now)
    }
}
