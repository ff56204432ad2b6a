import CausewayConnection
public import CausewayIdentity

/// What the dialler needs from the relay client, without knowing it: a circuit through a relay to which a direct link exists.
///
/// Success appears as `NodeOutput.circuit` for that link, preceded by `NodeState.expectLink`. Then the link's own events follow, as for a
/// dialled one. Failure is reported once, by `NodeState.circuitFailed`.
public protocol CircuitDialing: AnyObject {
    /// Makes a circuit. `link` is a number from `NodeState.nextLink()`. `relayAddress` is the address that named the relay, up to
    /// `/p2p/<relay>`.
    func dialCircuit(link: UInt32, over relayLink: ConnectedLink, relayAddress: Multiaddr, target: PeerID, in node: NodeState)
    /// Cancels a circuit that is neither open nor failed. No report follows. Otherwise this does nothing.
    func cancelCircuit(link: UInt32, in node: NodeState)
}

/// What the node knows about a link before it is authenticated.
public final class ExpectedLink {
    /// As it was accepted or dialled. For a circuit: `<relay's address>/p2p-circuit/p2p/<remote>`, or with `/webrtc` before the remote. At
    /// the side that answers WebRTC: `/webrtc/p2p/<remote>`.
    public let remoteAddress: Multiaddr
    /// For a circuit: the local address of the link to the relay, or `/webrtc`.
    public let localAddress: Multiaddr
    public let path: ConnectionPath
    /// The link to the relay. nil: the link uses no relay.
    public let carrier: UInt32?
    /// Whether the remote dialled us.
    public let isInbound: Bool

    init(remoteAddress: Multiaddr, localAddress: Multiaddr, path: ConnectionPath, carrier: UInt32? = nil, isInbound: Bool) {
        self.remoteAddress = remoteAddress
        self.localAddress = localAddress
        self.path = path
        self.carrier = carrier
        self.isInbound = isInbound
    }
}

/// A path that the dialler left to a protocol, and that failed. `Node` reports it to the dialler.
final class FailedPath {
    /// The link that a circuit was to become. nil: it was an upgrade by WebRTC from a relayed connection.
    let link: UInt32?
    /// The peer of the upgrade.
    let peer: PeerID?
    /// The result for the address.
    let result: DialOutcome.Result

    init(link: UInt32? = nil, peer: PeerID? = nil, _ result: DialOutcome.Result) {
        self.link = link
        self.peer = peer
        self.result = result
    }
}

extension NodeState {
    /// Announces a coming link over a circuit, or one that signalling made. Call it before appending `NodeOutput.circuit` or `.carry`.
    public func expectLink(
        _ link: UInt32, remoteAddress: Multiaddr, localAddress: Multiaddr, path: ConnectionPath, carrier: UInt32?, isInbound: Bool
    ) {
        expectedLinks[link] = ExpectedLink(
            remoteAddress: remoteAddress, localAddress: localAddress, path: path, carrier: carrier, isInbound: isInbound)
    }

    /// Reports that a circuit requested by `CircuitDialing.dialCircuit` failed. `Node` reports it to the dialler.
    public func circuitFailed(link: UInt32, _ result: DialOutcome.Result) {
        failedPaths.append(FailedPath(link: link, result))
    }

    /// Reports that a relayed connection to the peer was not upgraded. `Node` reports it to the dialler.
    func upgradeFailed(_ peer: PeerID, _ result: DialOutcome.Result) {
        failedPaths.append(FailedPath(peer: peer, result))
    }

    /// Requests a direct connection. `NodeProtocol.connectAnswered` of `owner` gets exactly one answer, never before this call returns, and
    /// soon if such a connection is open. Only direct addresses are dialled, including those that the peer store knows. Returns the
    /// request's number, from the node's own sequence (not the application's).
    public func requestConnection(to peer: PeerID, addresses: [Multiaddr], origin: AddressOrigin, for owner: any NodeProtocol) -> UInt32 {
        lastConnectRequest &+= 1
        connectRequests.append(
            DialRequest(
                .part, lastConnectRequest, owner: index(of: owner), peer, addresses, origin: origin, deadline: now + limits.dialTime))
        return lastConnectRequest
    }

    /// The same for a peer that announced itself. A relayed connection is accepted, and the time is short because others wait for their
    /// turn.
    func followAnnouncement(of peer: PeerID, addresses: [Multiaddr], for owner: any NodeProtocol) -> UInt32 {
        lastConnectRequest &+= 1
        connectRequests.append(
            DialRequest(
                .part, lastConnectRequest, owner: index(of: owner), peer, addresses, origin: .heard, allowsLimited: true, directOnly: false,
                deadline: now + limits.heardPeerTime))
        return lastConnectRequest
    }

    /// Protects the peer's connections from being pruned until `unspare` has been called as often: the peer holds a reservation here, or we
    /// hold one there.
    public func spare(_ peer: PeerID) { spared.countUp(peer.bytes) }

    /// Takes back one `spare`.
    public func unspare(_ peer: PeerID) { spared.countDown(peer.bytes) }

    /// Whether pruning has to leave the peer alone.
    public func isSpared(_ peer: PeerID) -> Bool { spared[peer.bytes] != nil }
}
