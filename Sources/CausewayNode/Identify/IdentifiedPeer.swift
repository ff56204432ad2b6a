import CausewayConnection
import CausewayIdentity

/// What of a peer's message is believed, and kept in the peer store.
enum IdentifiedPeer {
    /// A push may leave out what did not change.
    static func merge(_ message: IdentifyMessage, of link: ConnectedLink, isPush: Bool, in node: NodeState) -> PeerDescription {
        var description = (isPush ? node.peers.description(of: link.peer) : nil) ?? PeerDescription(peer: link.peer)
        if let agent = message.agent { description.agent = agent }
        if let version = message.protocolVersion { description.protocolVersion = version }
        if !isPush || !message.protocolIDs.isEmpty { description.protocolIDs = distinct(message.protocolIDs) }
        if let observed = message.observedAddress, let address = try? Multiaddr(bytes: observed) { description.observedAddress = address }
        let signed = signedAddresses(message, of: link, in: node)
        if let signed {
            description.listenAddresses = signed
        } else if !isPush || !message.listenAddresses.isEmpty {
            var listed: [Multiaddr] = []
            for bytes in message.listenAddresses { if let address = try? Multiaddr(bytes: bytes) { listed.append(address) } }
            description.listenAddresses = usable(listed, of: link.peer, in: node)
        }
        node.peers.describe(description)
        node.peers.replaceOwn(description.listenAddresses, of: link.peer, signed: signed != nil, now: node.now)
        return description
    }

    /// Of a record that is genuine, the peer's own and not older than one seen. Any other costs only itself.
    private static func signedAddresses(_ message: IdentifyMessage, of link: ConnectedLink, in node: NodeState) -> [Multiaddr]? {
        guard let envelope = message.signedRecord, let record = try? PeerRecord.decode(envelope: envelope), record.peerID == link.peer,
            node.peers.advanceRecord(of: link.peer, to: record.sequence)
        else { return nil }
        return usable(record.addresses, of: link.peer, in: node)
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
        var seen = BytesTable<Bool>()
        return names.filter { seen.updateValue(true, forKey: $0) == nil }
    }
}
