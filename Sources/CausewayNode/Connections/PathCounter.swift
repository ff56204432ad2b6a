import CausewayIdentity

/// Counts how connections to peers begin, and how many relayed ones become direct.
final class PathCounter: NodeProtocol {
    private(set) var counts = PathCounts()
    private var connected = BytesSet()
    /// The connected peers that have had relayed connections only.
    private var relayed = BytesSet()

    func linkOpened(_ link: ConnectedLink, in node: NodeContext) {
        guard !link.isProbe else { return }
        let peer = link.peer.bytes
        switch (link.isRelayed, connected.insert(peer)) {
        case (true, true):
            counts.relayed += 1
            _ = relayed.insert(peer)
        case (false, true): counts.direct += 1
        case (false, false): if relayed.remove(peer) { counts.becameDirect += 1 }
        case (true, false): break
        }
    }

    func linkClosed(_ link: ConnectedLink, in node: NodeContext) {
        guard !node.connections.isConnected(link.peer) else { return }
        connected.remove(link.peer.bytes)
        relayed.remove(link.peer.bytes)
    }
}
