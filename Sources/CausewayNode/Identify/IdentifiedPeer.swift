import CausewayConnection
import CausewayIdentity

/// Takes what may be believed from a peer's identify message into the peer store.
enum IdentifiedPeer {
    /// A push may leave out what has not changed.
    static func merge(_ heard: IdentifyExchange, of link: ConnectedLink, in node: NodeContext) -> PeerDescription {
        let known = heard.isPush ? node.peers.description(of: link.peer) : nil
        let record = signedRecord(heard, of: link, in: node)
        var protocolIDs = distinct(heard.message.protocolIDs)
        var addresses = record?.addresses ?? readable(heard.message.listenAddresses)
        if let known {
            if protocolIDs.isEmpty { protocolIDs = known.protocolIDsUTF8 }
            if record == nil, heard.message.listenAddresses.isEmpty { addresses = known.listenAddresses }
        }
        let description = PeerDescription(
            peer: link.peer, agent: heard.message.agent ?? known?.agentUTF8 ?? [],
            protocolVersion: heard.message.protocolVersion ?? known?.protocolVersionUTF8 ?? [], protocolIDs: protocolIDs,
            listenAddresses: usable(addresses, of: link.peer, in: node),
            observedAddress: readable([heard.message.observedAddress ?? []]).first ?? known?.observedAddress)
        node.peers.describe(description)
        node.peers.replaceOwn(description.listenAddresses, of: link.peer, signed: record != nil, now: node.now)
        return description
    }

    /// The record if it is genuine, the peer's own, and not older than one seen before. An invalid record is ignored; the rest of the
    /// message still counts.
    private static func signedRecord(_ heard: IdentifyExchange, of link: ConnectedLink, in node: NodeContext) -> PeerRecord? {
        guard let envelope = heard.message.signedRecord, let record = try? PeerRecord.decode(envelope: envelope, of: link.peer),
            node.peers.advanceRecord(of: link.peer, to: record.sequence)
        else { return nil }
        return record
    }

    private static func readable(_ addresses: [[UInt8]]) -> [Multiaddr] {
        var found: [Multiaddr] = []
        for bytes in addresses { if let address = try? Multiaddr(bytes: bytes) { found.append(address) } }
        return found
    }

    /// Each address once, without the peer's own id. Addresses that name another peer are left out.
    private static func usable(_ addresses: [Multiaddr], of peer: PeerID, in node: NodeContext) -> [Multiaddr] {
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
