public import CausewayConnection
public import CausewayIdentity

/// One protocol of a node: a machine without clock, sockets or randomness of its own. Each input brings a `NodeContext`, in which the
/// protocol finds what it needs, and to which it appends what it wants done. A protocol calls nothing back, and knows no other protocol.
public protocol NodeProtocol: AnyObject {
    /// The protocol ids that it serves on inbound streams.
    var served: [ProtocolTable.Entry] { get }
    /// The next moment at which `advance` has something to do.
    var nextDeadline: Instant { get }

    /// A remote opened a stream for one of `served`.
    func streamOpened(_ stream: StreamKey, protocolID: [UInt8], in node: NodeContext)
    /// Both sides have agreed on this protocol for a stream that `node.openStream(… for: self)` opened.
    func streamReady(_ stream: StreamKey, protocolID: [UInt8], in node: NodeContext)
    /// The next bytes. They count as taken when this returns, unless the protocol says otherwise (`NodeContext.withhold`).
    func received(_ bytes: [UInt8], on stream: StreamKey, in node: NodeContext)
    /// The remote finished its direction.
    func finished(_ stream: StreamKey, in node: NodeContext)
    /// The stream has ended, or could not be opened. Nothing of it follows.
    func closed(_ stream: StreamKey, error: StreamError?, in node: NodeContext)

    /// A connection is authenticated, and stands in `node.connections`.
    func linkOpened(_ link: ConnectedLink, in node: NodeContext)
    /// A connection has closed. Its streams were reported closed before, and it is no longer in `node.connections`.
    func linkClosed(_ link: ConnectedLink, in node: NodeContext)
    /// A connection that was expected (`NodeContext.expectLink`) has ended before it was authenticated.
    func linkFailed(_ link: UInt32, _ result: DialOutcome.Result, in node: NodeContext)
    /// A connection's remote now makes it hold this many bytes.
    func linkHolds(_ count: Int, _ link: ConnectedLink, in node: NodeContext)
    /// Identify, or a push, has stored in `node.peers` what a peer is and speaks.
    func identified(_ peer: PeerID, on link: ConnectedLink, in node: NodeContext)
    /// This node's advertised addresses have changed.
    func addressesChanged(in node: NodeContext)
    #if !hasFeature(Embedded)
        /// This node has other addresses, advertised or not, or there are new verdicts on them.
        func ownAddressesChanged(in node: NodeContext)
    #endif
    /// The protocols that this node serves have changed.
    func protocolsChanged(in node: NodeContext)
    /// The answer to `NodeContext.requestConnection`: the link, or nil and the result for each address.
    func connectAnswered(request: UInt32, link: ConnectedLink?, outcomes: [DialOutcome], in node: NodeContext)
    /// Ends the application's request with this number, with `Answer.cancelled`. Returns false if it does not wait here.
    func cancel(request: UInt32, in node: NodeContext) -> Bool
    /// The node ends: answers all of the application's requests that wait here with `Answer.cancelled`.
    func shutdown(in node: NodeContext)
    /// `nextDeadline` has come.
    func advance(in node: NodeContext)
}

extension NodeProtocol {
    public var served: [ProtocolTable.Entry] { [] }
    public var nextDeadline: Instant { .distantFuture }
    public func streamOpened(_ stream: StreamKey, protocolID: [UInt8], in node: NodeContext) {}
    public func streamReady(_ stream: StreamKey, protocolID: [UInt8], in node: NodeContext) {}
    public func received(_ bytes: [UInt8], on stream: StreamKey, in node: NodeContext) {}
    public func finished(_ stream: StreamKey, in node: NodeContext) {}
    public func closed(_ stream: StreamKey, error: StreamError?, in node: NodeContext) {}
    public func linkOpened(_ link: ConnectedLink, in node: NodeContext) {}
    public func linkClosed(_ link: ConnectedLink, in node: NodeContext) {}
    public func linkFailed(_ link: UInt32, _ result: DialOutcome.Result, in node: NodeContext) {}
    public func linkHolds(_ count: Int, _ link: ConnectedLink, in node: NodeContext) {}
    public func identified(_ peer: PeerID, on link: ConnectedLink, in node: NodeContext) {}
    public func addressesChanged(in node: NodeContext) {}
    #if !hasFeature(Embedded)
        public func ownAddressesChanged(in node: NodeContext) {}
    #endif
    public func protocolsChanged(in node: NodeContext) {}
    public func connectAnswered(request: UInt32, link: ConnectedLink?, outcomes: [DialOutcome], in node: NodeContext) {}
    public func cancel(request: UInt32, in node: NodeContext) -> Bool { false }
    public func shutdown(in node: NodeContext) {}
    public func advance(in node: NodeContext) {}
}
