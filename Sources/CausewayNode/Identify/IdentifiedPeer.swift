import CausewayConnection
import CausewayIdentity

/// What of a peer's message is believed, and kept in the peer store.
enum IdentifiedPeer {
    /// A push may leave out what did not change.
    static func merge(_ heard: IdentifyHearing, of link: ConnectedLink, in node: NodeState) -> PeerDescription {
        var description = PeerDescription(peer: link.peer)
        if heard.isPush, let known = node.peers.description(of: link.peer) { description = known }
        if let agent = heard.message.agent { description.agent = agent }
        if let version = heard.message.protocolVersion { description.protocolVersion = version }
        if !heard.isPush || !heard.message.protocolIDs.isEmpty { description.protocolIDs = distinct(heard.message.protocolIDs) }
        if let observed = heard.message.observedAddress, let address = try? Multiaddr(bytes: observed) {
            description.observedAddress = address
        }
        let record = signedRecord(heard, of: link, in: node)
        if let record {
            description.listenAddresses = usable(record.addresses, of: link.peer, in: node)
        } else if !heard.isPush || !heard.message.listenAddresses.isEmpty {
            var listed: [Multiaddr] = []
            for bytes in heard.message.listenAddresses { if let address = try? Multiaddr(bytes: bytes) { listed.append(address) } }
            description.listenAddresses = usable(listed, of: link.peer, in: node)
        }
        node.peers.describe(description)
        node.peers.replaceOwn(description.listenAddresses, of: link.peer, signed: record != nil, now: node.now)
        return description
    }

    /// One that is genuine, the peer's own and not older than one seen. Any other costs only itself.
    private static func signedRecord(_ heard: IdentifyHearing, of link: ConnectedLink, in node: NodeState) -> PeerRecord? {
        guard let envelope = heard.message.signedRecord, let record = try? PeerRecord.decode(envelope: envelope),
            record.peerID == link.peer, node.peers.advanceRecord(of: link.peer, to: record.sequence)
        else { return nil }
        return record
    }

    /// Each once, without the peer's own id, and none that names somebody else.
    private static func usable(_ addresses: [Multiaddr], of peer: PeerID, in node: NodeState) -> [Multiaddr] {
        var found: [Multiaddr] = []
        for address in addresses where found.count < node.limits.addressesPerPeer {
            if let named = address.peerID, named != peer { continue }
            let bare = address.withoutPeerID
            if !bare.bytes.isEmpty, !found.contains(bare) { found.append(bare) }
        }
        return found
    }

    private static func distinct(_ names: [[UInt8]]) -> [[UInt8]] {
        var seen = BytesSet()
        var found: [[UInt8]] = []
        for name in names where seen.insert(name) { found.append(name) }
        return found
    }
}
