public import CausewayConnection
public import CausewayIdentity

/// What a node's shell does for it that is different from shell to shell. `NodeDriver` calls it, on the node's thread.
public protocol NodePlatform: AnyObject {
    /// The monotonic clock.
    var now: Instant { get }
    /// Whether a link belongs to the node's own thread.
    func isHere(_ link: UInt32) -> Bool
    /// Has the thread of a link do it, or all threads but the node's own (nil), in the order of asking: `NodeOutput.link`, `.circuit` or
    /// `.protocols`.
    func forward(_ output: NodeOutput, toThreadOf link: UInt32?)
    /// `NodeOutput.dial`.
    func dial(_ link: UInt32, _ target: DialTarget)
    /// `NodeOutput.resolve`.
    func resolve(_ request: UInt32, _ address: Multiaddr)
    /// `NodeOutput.cancelResolve`.
    func cancelResolve(_ request: UInt32)
    /// `NodeOutput.splice`.
    func splice(_ circuit: UInt32, _ source: StreamKey, _ target: StreamKey, limit: CircuitLimit)
    /// `NodeOutput.endSplice`.
    func endSplice(_ circuit: UInt32)
    /// `NodeOutput.peerConnection`. A shell without them has `NodeDriver.refuse` answer.
    func peerConnection(_ link: UInt32, _ command: PeerConnectionCommand)
    /// For the application.
    func deliver(_ event: NodeEvent)
}
