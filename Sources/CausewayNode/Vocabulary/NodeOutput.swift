public import CausewayConnection
public import CausewayIdentity

/// One stream of one connection. `packed` is its key in tables.
@frozen
public struct StreamKey: Equatable, Sendable {
    public let link: UInt32
    /// The handle: see `LinkEvent`.
    public let stream: UInt32

    @inlinable public init(link: UInt32, stream: UInt32) {
        self.link = link
        self.stream = stream
    }

    @inlinable public init(packed: UInt64) {
        link = UInt32(truncatingIfNeeded: packed >> 32)
        stream = UInt32(truncatingIfNeeded: packed)
    }

    @inlinable public var packed: UInt64 { UInt64(link) << 32 | UInt64(stream) }
}

/// What a node wants from its shell, in the order in which it has to be done.
///
/// Whoever makes a link assigns its number: the node gives even numbers to those that it dials, the shell odd numbers to those that it
/// accepts.
public indirect enum NodeOutput: Equatable, Sendable {
    case link(UInt32, LinkCommand)
    /// What all links serve from now on, those included that come later.
    case protocols(ProtocolTable)
    /// Connect to the address and upgrade, as link `link`. Answered by `Node.linked` when the transport is connected, and by that
    /// link's events. `.link(link, .close(.cancelled))` cancels it at any time.
    case dial(link: UInt32, DialTarget)
    /// Look up the `/dns*` or `/dnsaddr` component at the beginning of an address. Answered by `Node.resolved`. For a host name: the
    /// address once for each IP address, with that in place of the name and the rest unchanged. For `/dnsaddr`: the addresses in its TXT
    /// records.
    case resolve(request: UInt32, address: Multiaddr)
    /// Cancel a look-up: nobody waits for its answer.
    case cancelResolve(request: UInt32)
    /// Run a new connection, `link`, over a settled stream of another: the end of a circuit. The stream leaves the node's ownership.
    /// `limit` is what the relay allows it, nil if it named none.
    case circuit(link: UInt32, over: StreamKey, initiator: Bool, expecting: PeerID?, limit: CircuitLimit?)
    /// Move bytes both ways between two settled streams until both directions ended or the limit is reached. Both leave the node's
    /// ownership. Answered by `Node.spliceEnded`.
    case splice(circuit: UInt32, StreamKey, StreamKey, limit: CircuitLimit)
    case endSplice(circuit: UInt32)
    /// A command for a WebRTC peer connection that is to become link `link`. Only a node with signalling sends it.
    case peerConnection(link: UInt32, PeerConnectionCommand)
    case event(NodeEvent)
}
