// A page hears nothing of its network.
#if !hasFeature(Embedded)
    import CausewayConnection
    import CausewayIdentity

    /// Takes what the shell has found in the local network by multicast DNS. The addresses are hearsay, as all that remotes say: those of a
    /// private network are dialled only if this node is in such a network itself (`HearsayFilter`).
    final class LocalDiscovery: NodeProtocol {
        private let dials: Bool
        private var followed = FollowedPeers()

        /// - Parameter dials: request a connection to each peer that is not connected.
        init(dials: Bool) { self.dials = dials }

        func found(_ peer: PeerID, at addresses: [Multiaddr], in node: NodeContext) {
            guard peer != node.peerID, !addresses.isEmpty else { return }
            let some = Array(addresses.prefix(node.limits.addressesPerPeer))
            node.peers.add(some, of: peer, now: node.now)
            node.emit(.discovered(peer, addresses: some, source: .mdns))
            if dials { followed.follow(peer, at: some, from: nil, for: self, in: node) }
        }

        func connectAnswered(request: UInt32, link: ConnectedLink?, outcomes: [DialOutcome], in node: NodeContext) {
            followed.ended(request)
        }
    }
#endif
