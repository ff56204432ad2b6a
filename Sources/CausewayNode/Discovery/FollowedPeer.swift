// A page's application decides whom to dial.
#if !hasFeature(Embedded)
    import CausewayIdentity

    /// A peer that announced itself and is being dialled.
    final class FollowedPeer {
        let peer: PeerID
        /// The neighbour that delivered the announcement. nil: somebody in the local network.
        let neighbour: PeerID?
        let request: UInt32

        init(_ peer: PeerID, from neighbour: PeerID?, request: UInt32) {
            self.peer = peer
            self.neighbour = neighbour
            self.request = request
        }
    }

    /// The peers that one form of discovery is dialling: few at a time, and of those that came one way only a share.
    struct FollowedPeers {
        private(set) var all: [FollowedPeer] = []

        /// - Parameter owner: is told by `connectAnswered`, and tells `ended`.
        mutating func follow(
            _ peer: PeerID, at addresses: [Multiaddr], from neighbour: PeerID?, for owner: any NodeProtocol, in node: NodeContext
        ) {
            guard all.count < node.limits.heardPeers, !node.connections.isConnected(peer) else { return }
            var share = 0
            for one in all {
                if one.peer == peer { return }
                if one.neighbour == neighbour { share += 1 }
            }
            guard share < node.limits.heardPeersPerNeighbour else { return }
            let request = node.requestConnection(
                to: peer, DialPolicy(addresses, origin: .heard, path: .any), within: node.limits.heardPeerTime, for: owner)
            all.append(FollowedPeer(peer, from: neighbour, request: request))
        }

        /// A request is answered.
        mutating func ended(_ request: UInt32) { all.removeAll { $0.request == request } }
    }

    extension PubsubDiscovery {
        public func connectAnswered(request: UInt32, link: ConnectedLink?, outcomes: [DialOutcome], in node: NodeContext) {
            followed.ended(request)
        }
    }
#endif
