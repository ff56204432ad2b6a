import CausewayConnection
import CausewayIdentity

extension GossipSub {
    /// Repairs the meshes, gossips about recent messages, and forgets what is old (gossipsub-v1.0.md, "Heartbeat").
    func heartbeat(in node: NodeContext) {
        var isQuiet = true
        for peer in peers {
            peer.behaviour.heartbeat()
            #if !hasFeature(Embedded)
                if peer.dontWantAge > 0 { peer.dontWantAge -= 1 }
            #endif
            if peer.retryAt <= node.now {
                peer.retryAt = .distantFuture
                consider(peer.peer, in: node)
            }
            if let inbound = peer.inbound, inbound.isOverdue(configuration.limits, now: node.now) { cut(inbound, in: node) }
            if !peer.behaviour.isQuiet || peer.retryAt != .distantFuture || peer.inbound?.since != nil { isQuiet = false }
        }
        for topic in topics {
            topic.forgetBackoffs(before: node.now)
            // This comes first. Otherwise peers that are new in a fanout would not learn of earlier messages.
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
        unverifiable.forget(now: node.now)
        let rests = isQuiet && topics.isEmpty && cache.isEmpty
        #if !hasFeature(Embedded)
            computed.forget(now: node.now)
            dontWant.forget(now: node.now)
        #endif
        nextHeartbeat = rests ? .distantFuture : node.now + configuration.parameters.heartbeatInterval
    }

    private func mend(_ topic: GossipTopic, in node: NodeContext) {
        let parameters = configuration.parameters
        for peer in topic.mesh where isIgnored(peer) { prune(peer, from: topic, backoff: parameters.pruneBackoff, in: node) }
        if topic.mesh.count < parameters.meshLow {
            fill(topic, to: parameters.meshSize, in: node)
        } else if topic.mesh.count > parameters.meshHigh {
            cut(topic, in: node)
        }
        guard topic.mesh.count >= parameters.meshLow else { return }
        let missing = parameters.meshOutbound - topic.dialledCount
        if missing > 0 { fill(topic, to: topic.mesh.count + missing, dialledOnly: true, in: node) }
    }

    /// Prunes the mesh to the wanted size: at random, but the peers that we dialled stay first.
    private func cut(_ topic: GossipTopic, in node: NodeContext) {
        let parameters = configuration.parameters
        // The numbers of peers to keep: those that we dialled, and any others.
        var kept = min(topic.dialledCount, parameters.meshOutbound)
        var others = parameters.meshSize - kept
        for peer in pick(topic.mesh.count, of: topic.mesh, in: node, where: { _ in true }) {
            if peer.isDialled, kept > 0 {
                kept -= 1
            } else if others > 0 {
                others -= 1
            } else {
                prune(peer, from: topic, backoff: parameters.pruneBackoff, in: node)
            }
        }
    }

    private func mendFanout(of topic: GossipTopic, in node: NodeContext) {
        if node.now < topic.fanoutEnds {
            fillFanout(of: topic, in: node)
        } else {
            topic.fanoutEnds = Instant(nanoseconds: 0)
            topic.fanout = []
        }
    }

    private func gossip(of topic: GossipTopic, in node: NodeContext) {
        let parameters = configuration.parameters
        let audience = pick(parameters.gossipPeers, percent: parameters.gossipPercent, of: topic.subscribers, in: node) {
            $0.isReachable && !isIgnored($0) && !topic.hasInMesh($0) && !topic.hasInFanout($0)
        }
        tell(audience, of: topic, in: node)
    }

    /// Tells a new subscriber or a new peer of the mesh the ids of recent messages: the mesh sends only new ones, and heartbeats gossip to
    /// others only. The number of ids is bounded, however often it subscribes or grafts us.
    func tellNewcomer(_ peer: GossipPeer, of topic: GossipTopic, in node: NodeContext) {
        guard peer.behaviour.ihaveIDs < configuration.limits.ids else { return }
        peer.behaviour.ihaveIDs += cache.count
        tell([peer], of: topic, in: node)
    }

    /// Sends the ids of the topic's recent messages to the audience.
    func tell(_ audience: [GossipPeer], of topic: GossipTopic, in node: NodeContext) {
        guard !audience.isEmpty, !cache.isEmpty else { return }
        let recent = cache.recent(topic.name, windows: configuration.parameters.gossipHistory, limit: configuration.limits.ids)
        guard !recent.isEmpty else { return }
        var number: UInt8 = 0
        while let form = IDForm(rawValue: number) {
            tell(audience, of: topic, recent, in: form, in: node)
            number += 1
        }
    }

    /// Tells those peers that use this form of ids as many ids as half an RPC holds, the newest first.
    private func tell(
        _ audience: [GossipPeer], of topic: GossipTopic, _ messages: [CachedMessage], in form: IDForm, in node: NodeContext
    ) {
        var ids: [[UInt8]] = []
        var frame: [UInt8] = []
        for peer in audience where idForm(of: peer) == form {
            if frame.isEmpty {
                for message in messages {
                    let id = spelled(message, in: form)
                    if !id.isEmpty { ids.append(id) }
                }
                guard !ids.isEmpty else { return }
                frame = GossipCodec.have(topic.name, ids: ids, size: configuration.limits.rpc / 2)
            }
            send(frame, to: peer, droppable: true, in: node)
        }
    }

    private func forgetSpentTopics() {
        for topic in topics where topic.isSpent {
            topicsByName[topic.name] = nil
            topics.remove(topic)
        }
    }
}
