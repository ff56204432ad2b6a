import CausewayConnection
public import CausewayIdentity

/// What the dialler asks of the relay client, without knowing it: one circuit through a relay that a direct link leads to.
///
/// Success shows as `NodeOutput.circuit` for that link, preceded by `NodeState.expectLink`; then the link's own events follow, as for a
/// dialled one. Failure is reported by `NodeState.circuitFailed`, once.
public protocol CircuitDialing: AnyObject {
    /// `link` is a number from `NodeState.nextLink()`. `relayAddress` is the address by which the relay was named, up to `/p2p/<relay>`.
    func dialCircuit(link: UInt32, over relayLink: ConnectedLink, relayAddress: Multiaddr, target: PeerID, in node: NodeState)
    /// Gives a circuit up that neither stands nor failed yet: no report follows. Otherwise without effect.
    func cancelCircuit(link: UInt32, in node: NodeState)
}

/// What the node knows of a link before it is authenticated.
public final class ExpectedLink {
    /// As it was accepted or dialled. Of a circuit: `<relay's address>/p2p-circuit/p2p/<remote>`, or with `/webrtc` before the remote;
    /// `/webrtc/p2p/<remote>` at the answerer.
    public let remoteAddress: Multiaddr
    /// Of a circuit: the local address of the link to the relay, or `/webrtc`.
    public let localAddress: Multiaddr
    public let path: ConnectionPath
    /// The link to the relay; nil: it does not run over one.
    public let carrier: UInt32?
    /// The remote dialled us.
    public let isInbound: Bool

    init(remoteAddress: Multiaddr, localAddress: Multiaddr, path: ConnectionPath, carrier: UInt32? = nil, isInbound: Bool) {
        self.remoteAddress = remoteAddress
        self.localAddress = localAddress
        self.path = path
        self.carrier = carrier
        self.isInbound = isInbound
    }
}

/// Something of the dialler's that it left to a protocol, and that failed; `Node` brings it back.
final class FailedPath {
    /// The circuit that was to become this link; nil: WebRTC out of a relayed connection.
    let link: UInt32?
    /// Whom it was to lead to, in the second case.
    let peer: PeerID?
    /// What to say of the address.
    let result: DialOutcome.Result

    init(link: UInt32? = nil, peer: PeerID? = nil, _ result: DialOutcome.Result) {
        self.link = link
        self.peer = peer
        self.result = result
    }
}

extension NodeState {
    /// Announces a coming link over a circuit, or one that signalling made; to be called before `NodeOutput.circuit` or `.carry` is
    /// appended.
    public func expectLink(
        _ link: UInt32, remoteAddress: Multiaddr, localAddress: Multiaddr, path: ConnectionPath, carrier: UInt32?, isInbound: Bool
    ) {
        expectedLinks[link] = ExpectedLink(
            remoteAddress: remoteAddress, localAddress: localAddress, path: path, carrier: carrier, isInbound: isInbound)
    }

    /// Reports a circuit asked for by `CircuitDialing.dialCircuit` that failed; `Node` brings it to the dialler.
    public func circuitFailed(link: UInt32, _ result: DialOutcome.Result) {
        failedPaths.append(FailedPath(link: link, result))
    }

    /// Reports that a relayed connection to the peer was not upgraded; `Node` brings it to the dialler.
    func upgradeFailed(_ peer: PeerID, _ result: DialOutcome.Result) {
        failedPaths.append(FailedPath(peer: peer, result))
    }

    /// Asks for a direct connection; answered once by `NodeProtocol.connectAnswered` of `owner`, never before this call returned; soon if
    /// such a connection stands already. Only direct addresses are dialled, what the peer store knows of the peer included.
    /// Returns the request's number, of the node's own sequence (not the application's).
    public func requestConnection(to peer: PeerID, addresses: [Multiaddr], origin: AddressOrigin, for owner: any NodeProtocol) -> UInt32 {
        lastConnectRequest &+= 1
        connectRequests.append(
            DialRequest(
                .part, lastConnectRequest, owner: index(of: owner), peer, addresses, origin: origin, deadline: now + limits.dialTime))
        return lastConnectRequest
    }

    /// The same for a peer that announced itself: a relayed connection will do, and the time is short, as others wait for their turn.
    func followAnnouncement(of peer: PeerID, addresses: [Multiaddr], for owner: any NodeProtocol) -> UInt32 {
        lastConnectRequest &+= 1
        connectRequests.append(
            DialRequest(
                .part, lastConnectRequest, owner: index(of: owner), peer, addresses, origin: .heard, allowsLimited: true, directOnly: false,
                deadline: now + limits.heardPeerTime))
        return lastConnectRequest
    }

    /// Keeps the peer's connections from being pruned until `unspare` was called as often: it holds a reservation here, or we hold one
    /// there.
    public func spare(_ peer: PeerID) { spared.countUp(peer.bytes) }

    /// Takes one `spare` back.
    public func unspare(_ peer: PeerID) { spared.countDown(peer.bytes) }

    /// Whether pruning has to leave the peer alone.
    public func isSpared(_ peer: PeerID) -> Bool { spared[peer.bytes] != nil }
}
