#if !hasFeature(Embedded)
    import CausewayConnection
    import CausewayIdentity

    // A node may carry topics for others: it joins a topic whose name fits a pattern as long as a neighbour subscribes to it. Each carried
    // topic counts for the neighbour that has been there longest, its sponsor. Only subscribers are told that the topic is carried.
    extension GossipSub {
        /// The topics that are carried for others, in the order in which that began.
        public var carriedTopics: [[UInt8]] { topics.filter(\.isCarried).map(\.name) }

        /// A peer has subscribed: its topic is carried if it fits and there is room, and then the peer is told.
        func subscribed(_ peer: GossipPeer, to name: [UInt8], in node: NodeContext) {
            guard !configuration.carries.isEmpty else { return }
            if let topic = topicsByName[name], topic.isJoined {
                if topic.isCarried { send(GossipCodec.subscriptions([name], subscribe: true), to: peer, in: node) }
            } else {
                carry(name, for: peer, in: node)
            }
        }

        /// Carries a topic that is not joined for a peer, if it is one of those that this node carries, and there is room.
        func carry(_ name: [UInt8], for peer: GossipPeer, in node: NodeContext) {
            guard configuration.carries.contains(where: { $0.fits(name) }), makeRoom(for: peer, in: node) else { return }
            // To find a topic's subscribers, every neighbour is asked.
            if topicsByName[name] == nil { turn -= peers.count }
            let topic = topic(name)
            topic.sponsor = peer
            peer.carried += 1
            carriedCount += 1
            join(topic, telling: topic.subscribers, in: node)
        }

        /// Whether the peer may have one more topic carried. When there are as many as there can be, whoever has most loses its latest.
        private func makeRoom(for peer: GossipPeer, in node: NodeContext) -> Bool {
            guard peer.carried < configuration.limits.carriedPerPeer else { return false }
            guard carriedCount >= configuration.limits.carried else { return true }
            var most = peer
            for topic in topics { if let sponsor = topic.sponsor, sponsor.carried > most.carried { most = sponsor } }
            // With one more, the peer must not have more than whoever makes room.
            guard most.carried > peer.carried + 1, let latest = topics.last(where: { $0.sponsor === most }) else { return false }
            drop(latest, in: node)
            return true
        }

        /// A peer has unsubscribed or is gone, and is not among the topic's subscribers any more.
        func subscriberLeft(_ peer: GossipPeer, _ topic: GossipTopic, in node: NodeContext) {
            guard topic.sponsor === peer else { return }
            let mayHaveMore = { (one: GossipPeer) in one.carried < self.configuration.limits.carriedPerPeer }
            guard let heir = topic.subscribers.first(where: mayHaveMore) else { return drop(topic, in: node) }
            peer.carried -= 1
            topic.sponsor = heir
            heir.carried += 1
        }

        private func drop(_ topic: GossipTopic, in node: NodeContext) {
            release(topic)
            leave(topic, telling: topic.subscribers, in: node)
            // Back-offs outlive a topic, but remotes choose the names of these and how long they last. Nothing is left of most at once.
            if topics.count > 2 * configuration.limits.carried { topic.forgetBackoffs(before: .distantFuture) }
            guard topic.isSpent else { return }
            topicsByName[topic.name] = nil
            topics.remove(topic)
        }

        /// The topic is not carried any more: it is left, or the node has joined it for itself.
        func release(_ topic: GossipTopic) {
            guard let sponsor = topic.sponsor else { return }
            sponsor.carried -= 1
            carriedCount -= 1
            topic.sponsor = nil
        }
    }
#endif
