import CausewayConnection
public import CausewayIdentity

/// What the dialler needs from the relay client, without knowing it: a circuit through a relay to which a direct link exists.
///
/// Success appears as `NodeOutput.circuit` for that link, preceded by `NodeContext.expectLink`. Then the link's own events follow, as for a
/// dialled one. Failure is reported once, by `NodeContext.circuitFailed`.
public protocol CircuitDialing: AnyObject {
    /// Makes a circuit. `link` is a number from `NodeContext.nextLink()`. `relayAddress` is the address that named the relay, up to
    /// `/p2p/<relay>`.
    func dialCircuit(link: UInt32, over relayLink: ConnectedLink, relayAddress: Multiaddr, target: PeerID, in node: NodeContext)
    /// Cancels a circuit that is neither open nor failed. No report follows. Otherwise this does nothing.
    func cancelCircuit(link: UInt32, in node: NodeContext)
}

extension NodeContext {
    /// Reports that a circuit requested by `CircuitDialing.dialCircuit` failed.
    public func circuitFailed(link: UInt32, _ result: DialOutcome.Result) { wishes.append(.pathFailed(link: link, result)) }

    /// Reports that a relayed connection to the peer was not upgraded.
    func upgradeFailed(_ peer: PeerID, _ result: DialOutcome.Result, _ report: PeerConnectionReport? = nil) {
        wishes.append(.upgradeFailed(peer, result, report))
    }
}
