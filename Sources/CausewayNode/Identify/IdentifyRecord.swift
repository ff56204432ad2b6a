import CausewayIdentity

/// The signed record of some addresses. It is signed again only when they change.
final class IdentifyRecord {
    private var addresses: [Multiaddr] = []
    private(set) var sealed: [UInt8]?

    func update(_ new: [Multiaddr], in node: NodeContext) {
        guard sealed == nil || addresses != new else { return }
        sealed = try? PeerRecord(peerID: node.peerID, sequence: node.unixNanoseconds, addresses: new).sealed(by: node.identity)
        addresses = new
    }
}
