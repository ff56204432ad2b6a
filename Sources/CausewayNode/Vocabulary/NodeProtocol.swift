public import CausewayConnection
public import CausewayIdentity

/// One protocol of a node: a machine without clock, sockets or randomness of its own. Each input brings a `NodeState`, in which the
/// protocol finds what it needs, and to which it appends what it wants done. A protocol calls nothing back, and knows no other protocol.
public protocol NodeProtocol: AnyObject {
    /// The protocol ids that it serves on inbound streams.
    var served: [ProtocolTable.Entry] { get }
    /// The next moment at which `advance` has something to do.
    var nextDeadline: Instant { get }

    /// A remote opened a stream for one of `served`.
    func streamOpened(_ stream: StreamKey, protocolID: [UInt8], in node: NodeState)
    /// Both sides have agreed on this protocol for a stream that `node.openStream(… for: self)` opened.
    func streamReady(_ stream: StreamKey, protocolID: [UInt8], in node: NodeState)
    /// The next bytes. They count as taken when this returns, unless the protocol says otherwise (`NodeState.withhold`).
    func received(_ bytes: [UInt8], on stream: StreamKey, in node: NodeState)
    /// The remote finished its direction.
    func finished(_ stream: StreamKey, in node: NodeState)
    /// The stream has ended, or could not be opened. Nothing of it follows.
    func closed(_ stream: StreamKey, error: StreamError?, in node: NodeState)

    /// A connection is authenticated.
    func linkOpened(_ link: ConnectedLink, in node: NodeState)
    /// A connection has closed. Its streams were reported closed before, and it is no longer in `node.connections`.
    func linkClosed(_ link: ConnectedLink, in node: NodeState)
    /// A connection's remote now makes it hold this many bytes.
    func linkHolds(_ count: Int, _ link: ConnectedLink, in node: NodeState)
    /// Identify, or a push, has stored in `node.peers` what a peer is and speaks.
    func identified(_ peer: PeerID, on link: ConnectedLink, in node: NodeState)
    /// This node's advertised addresses have changed.
    func addressesChanged(in node: NodeState)
    /// The answer to `NodeState.requestConnection`: the link, or nil and the result for each address.
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
