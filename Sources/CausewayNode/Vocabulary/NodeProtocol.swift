public import CausewayConnection
public import CausewayIdentity

/// One protocol of a node: a machine without clock, sockets or randomness of its own. What it needs it finds in the `NodeState` that each
/// input brings, and what it wants done it appends there. Nothing is called back, and protocols do not know one another.
public protocol NodeProtocol: AnyObject {
    /// The protocol ids it answers to on inbound streams.
    var served: [ProtocolTable.Entry] { get }
    /// The soonest moment at which `advance` has something to do.
    var nextDeadline: Instant { get }

    /// A remote opened a stream for one of `served`.
    func streamOpened(_ stream: StreamKey, protocolID: [UInt8], in node: NodeState)
    /// A stream opened by `node.openStream(… for: self)` is settled on this protocol.
    func streamReady(_ stream: StreamKey, protocolID: [UInt8], in node: NodeState)
    /// The next bytes. They count as taken when it returns, unless the protocol says otherwise (`NodeState.withhold`).
    func received(_ bytes: [UInt8], on stream: StreamKey, in node: NodeState)
    /// The remote finished its direction.
    func finished(_ stream: StreamKey, in node: NodeState)
    /// The stream is gone, or never came to be; nothing of it follows.
    func closed(_ stream: StreamKey, error: StreamError?, in node: NodeState)

    /// A connection is authenticated.
    func linkOpened(_ link: ConnectedLink, in node: NodeState)
    /// Its streams were reported closed before. The link is no longer in `node.connections`.
    func linkClosed(_ link: ConnectedLink, in node: NodeState)
    /// What a connection's remote makes it keep has changed to so many bytes.
    func linkHolds(_ count: Int, _ link: ConnectedLink, in node: NodeState)
    /// Identify, or a push, has told what a peer is and speaks: in `node.peers`.
    func identified(_ peer: PeerID, on link: ConnectedLink, in node: NodeState)
    /// What this node advertises has changed.
    func addressesChanged(in node: NodeState)
    /// The answer to `NodeState.requestConnection`: the link, or nil and what came of each address.
    func connectAnswered(request: UInt32, link: ConnectedLink?, outcomes: [DialOutcome], in node: NodeState)
    func advance(in node: NodeState)
}

extension NodeProtocol {
    public var served: [ProtocolTable.Entry] { [] }
    public var nextDeadline: Instant { .distantFuture }
    public func streamOpened(_ stream: StreamKey, protocolID: [UInt8], in node: NodeState) {}
    public func streamReady(_ stream: StreamKey, protocolID: [UInt8], in node: NodeState) {}
    public func received(_ bytes: [UInt8], on stream: StreamKey, in node: NodeState) {}
    public func finished(_ stream: StreamKey, in node: NodeState) {}
    public func closed(_ stream: StreamKey, error: StreamError?, in node: NodeState) {}
    public func linkOpened(_ link: ConnectedLink, in node: NodeState) {}
    public func linkClosed(_ link: ConnectedLink, in node: NodeState) {}
    public func linkHolds(_ count: Int, _ link: ConnectedLink, in node: NodeState) {}
    public func identified(_ peer: PeerID, on link: ConnectedLink, in node: NodeState) {}
    public func addressesChanged(in node: NodeState) {}
    public func connectAnswered(request: UInt32, link: ConnectedLink?, outcomes: [DialOutcome], in node: NodeState) {}
    public func advance(in node: NodeState) {}
}
