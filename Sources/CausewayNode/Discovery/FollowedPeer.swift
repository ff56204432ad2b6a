// A page's application decides whom to dial.
#if !hasFeature(Embedded)
    import CausewayIdentity

    /// A peer that announced itself and is being dialled.
    final class FollowedPeer {
        let peer: PeerID
        /// The neighbour that delivered the announcement.
        let neighbour: PeerID
        let request: UInt32

        init(_ peer: PeerID, from neighbour: PeerID, request: UInt32) {
            self.peer = peer
            self.neighbour = neighbour
            self.request = request
        }
    }

    extension PubsubDiscovery {
        func follow(_ heard: Announcement, from neighbour: PeerID, in node: NodeState) {
            guard followed.count < node.limits.heardPeers, !node.connections.isConnected(heard.peer) else { return }
            var share = 0
            for one in followed {
                if one.peer == heard.peer { return }
                if one.neighbour == neighbour { share += 1 }
            }
            guard share < node.limits.heardPeersPerNeighbour else { return }
            let request = node.followAnnouncement(of: heard.peer, addresses: heard.addresses, for: self)
            followed.append(FollowedPeer(heard.peer, from: neighbour, request: request))
        }

        public func connectAnswered(request: UInt32, link: ConnectedLink?, outcomes: [DialOutcome], in node: NodeState) {
            followed.removeAll { $0.request == request }
        }
    }
#endif
