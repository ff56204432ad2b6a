public import CausewayConnection
public import CausewayIdentity

/// What an association has below it: sockets, the links of their thread, and time. A shell writes one; it holds its associations.
public protocol AssociationPort: AnyObject {
    /// The monotonic clock.
    var now: Instant { get }
    /// The links of the port's thread.
    var links: LinkSet { get }
    /// What remotes may make a port hold that have not proven who they are.
    var newcomers: NewcomerLimits { get }
    /// For datagrams that are written, one at a time: `PeerConnection.datagramSize` bytes.
    var buffer: UnsafeMutableRawBufferPointer { get }

    /// A timer that calls `timePassed`.
    func makeTimer(for carrier: AssociationCarrier) -> any AssociationTimer

    /// Whether a datagram can be sent; if not, the port calls `proceed` when it can.
    func hasRoom(for carrier: AssociationCarrier) -> Bool
    /// Sends the first bytes of the buffer. What the socket refuses is lost, as it might have been on its way.
    func send(_ count: Int, over path: ICEPath)
    /// Opens one more socket, at the address of another one.
    func openSocket(_ number: UInt32, beside other: UInt32)
    func closeSocket(_ number: UInt32)

    /// The link has begun: the node is to hear of it.
    func began(_ carrier: AssociationCarrier)
    /// The remote has proven who it is.
    func trust(_ carrier: AssociationCarrier)
    /// The remote has proven that it is there.
    /// - Returns: whether its datagrams come to the association from now on.
    func bind(_ carrier: AssociationCarrier, to remote: Endpoint) -> Bool
    /// The association is over. The last call.
    func remove(_ carrier: AssociationCarrier)
}

extension AssociationPort {
    public var newcomers: NewcomerLimits { NewcomerLimits() }
    // Only peer connections that two sides agreed on have more sockets than one for each address.
    public func openSocket(_ number: UInt32, beside other: UInt32) {}
    public func closeSocket(_ number: UInt32) {}
}

/// One moment to wait for.
public protocol AssociationTimer: AnyObject {
    /// Replaces an earlier start.
    func start(after interval: Interval)
    /// Nothing is called any more.
    func close()
}
