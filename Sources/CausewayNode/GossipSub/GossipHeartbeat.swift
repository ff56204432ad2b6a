import CausewayConnection
import CausewayIdentity

extension GossipSub {
    /// Mends the meshes, tells others what there is, forgets what is old (gossipsub-v1.0.md, "Heartbeat").
    func heartbeat(in node: NodeState) {
        var isQuiet = true
        for peer in peers {
            peer.behaviour.heartbeat()
            if peer.retryAt <= node.now {
                peer.retryAt = .distantFuture
                consider(peer.peer, in: node)
            }
            if !peer.behaviour.isQuiet || peer.retryAt != .distantFuture { isQuiet = false }
        }
        for topic in topics {
            topic.forgetBackoffs(before: node.now)
            // First, or those who are new in a mesh or fanout would not hear of what was sent before.
            gossip(of: topic, in: node)
            if topic.isJoined {
                mend(topic, in: node)
            } else {
                mendFanout(of: topic, in: node)
            }
        }
        forgetSpentTopics()
        cache.shift()
        seen.forget(now: node.now)
        let rests = isQuiet && topics.isEmpty && cache.isEmpty
        nextDeadline = rests ? .distantFuture : node.now + configuration.parameters.heartbeatInterval
    }

    private func mend(_ topic: GossipTopic, in node: NodeState) {
        let parameters = configuration.parameters
        for peer in topic.mesh where isIgnored(peer) { prune(peer, from: topic, backoff: parameters.pruneBackoff, in: node) }
        if topic.mesh.count < parameters.meshLow {
            fill(topic, to: parameters.meshSize, in: node)
        } else if topic.mesh.count > parameters.meshHigh {
            cut(topic, in: node)
        }
        guard topic.mesh.count >= parameters.meshLow else { return }
        let missing = parameters.meshOutbound - topic.mesh.count { $0.isDialled }
        if missing > 0 { fill(topic, to: topic.mesh.count + missing, dialledOnly: true, in: node) }
    }

    /// Down to the wanted size: at random, but those first kept that we dialled.
    private func cut(_ topic: GossipTopic, in node: NodeState) {
        let parameters = configuration.parameters
        let order = pick(topic.mesh.count, of: topic.mesh, in: node)
        var kept = [GossipPeer](order.filter { $0.isDialled }.prefix(parameters.meshOutbound))
        for peer in order where !kept.contains(where: { $0 === peer }) {
            if kept.count < parameters.meshSize {
                kept.append(peer)
            } else {
                prune(peer, from: topic, backoff: parameters.pruneBackoff, in: node)
            }
        }
    }

    private func mendFanout(of topic: GossipTopic, in node: NodeState) {
        guard let last = topic.lastPublished else { return }
        guard node.now < last + configuration.parameters.fanoutLifetime else {
            topic.lastPublished = nil
            topic.fanout = []
            return
        }
        let missing = configuration.parameters.meshSize - topic.fanout.count
        let others = topic.subscribers.filter { peer in peer.isReachable && !topic.fanout.contains { $0 === peer } }
        topic.fanout += pick(missing, of: others, in: node)
    }

    private func gossip(of topic: GossipTopic, in node: NodeState) {
        let parameters = configuration.parameters
        let candidates = topic.subscribers.filter { peer in
            peer.isReachable && !isIgnored(peer) && !topic.hasInMesh(peer) && !topic.fanout.contains { $0 === peer }
        }
        let wanted = max(parameters.gossipPeers, candidates.count * parameters.gossipPercent / 100)
        tell(pick(wanted, of: candidates, in: node), of: topic, in: node)
    }

    /// What was said while a peer was not yet here would else pass it by: the mesh sends only what is new. Bounded in ids, however often it
    /// subscribes.
    func tellNewcomer(_ peer: GossipPeer, of topic: GossipTopic, in node: NodeState) {
        guard peer.behaviour.idsTold < configuration.limits.ids else { return }
        peer.behaviour.idsTold += cache.count
        tell([peer], of: topic, in: node)
    }

    /// Sends the ids of the topic's recent messages.
    func tell(_ audience: [GossipPeer], of topic: GossipTopic, in node: NodeState) {
        guard !audience.isEmpty, !cache.isEmpty else { return }
        let recent = cache.recent(topic.name, windows: configuration.parameters.gossipHistory, limit: configuration.limits.ids)
        guard !recent.isEmpty else { return }
        var frames: (go: [UInt8], js: [UInt8]) = ([], [])
        for peer in audience {
            if sendsJSForm(to: peer) {
                if frames.js.isEmpty { frames.js = announcement(of: recent, on: topic, js: true) }
                send(frames.js, to: peer, droppable: true, in: node)
            } else {
                if frames.go.isEmpty { frames.go = announcement(of: recent, on: topic, js: false) }
                send(frames.go, to: peer, droppable: true, in: node)
            }
        }
    }

    /// As many ids as half an RPC holds, the newest first.
    private func announcement(of messages: [CachedMessage], on topic: GossipTopic, js: Bool) -> [UInt8] {
        var ids: [[UInt8]] = []
        var room = configuration.limits.rpc / 2
        for message in messages {
            let id = js ? MessageID.js(message.id, key: message.key) : message.id
            guard room > id.count else { break }
            room -= id.count + 4
            ids.append(id)
        }
        return GossipCodec.have(topic.name, ids: ids)
    }

    private func forgetSpentTopics() {
        for topic in topics where topic.isSpent { topicsByName[topic.name] = nil }
        topics.removeAll { $0.isSpent }
    }
}
