import CausewayConnection
import CausewayNode
import CausewayRuntime

extension Node {
    /// Bound: how long a check takes at most.
    static let checkTime = Interval.seconds(5)
    /// Bound: relays that a check asks.
    static let checkedRelays = 8

    /// Finds out what this machine's network lets through, how relays can be reached, and, if a peer is named, how far a connection to it
    /// comes: within 5 s, everything at the same time.
    ///
    /// It uses connections that the node has, and makes those that it has not. Places at relays that the node did not want before are given
    /// back. A STUN server is asked at the addresses that relays offer (docs/stun.md) and that the configuration names; two of different
    /// addresses are needed to see how a NAT treats different peers.
    /// - Parameters:
    ///   - peer: whose connection matters. nil: only the network and the relays are looked at.
    ///   - addresses: where to reach the peer. Empty: where the node knows, and through each relay.
    ///   - relays: each ends in `/p2p/<peer id>`. nil: those of the configuration. The first 8 count.
    /// - Throws: `.missingPeerID` for a relay's address without its peer id, `.notRunning` and `.cancelled`.
    public func check(
        _ peer: PeerID? = nil, at addresses: [Multiaddr] = [], relays: [Multiaddr]? = nil
    ) async throws(NodeError) -> CheckReport {
        try await ready()
        let relays = Array((relays ?? configuration.relays?.addresses ?? []).prefix(Self.checkedRelays))
        for relay in relays where relay.peerID == nil { throw .missingPeerID(relay) }
        let run = CheckRun(self, relays: relays, asking: configuration.stunServers.compactMap(\.endpoint))
        let facts = await run.facts(about: peer, at: addresses)
        if Task.isCancelled { throw .cancelled }
        guard isRunning else { throw .notRunning }
        return CheckReport(facts, unixSeconds: WallClock.unixSeconds())
    }
}
