import CausewayConnection
import CausewayIdentity

extension GossipSub {
    func receiveControl(_ control: ProtobufReader, from peer: GossipPeer, _ work: inout RPCWork, in node: NodeState) {
        while control.advance() {
            guard control.number <= GossipCodec.ControlField.prune else { continue }
            guard work.takeEntry() else { return }
            let outer = control.enter()
            switch control.number {
            case GossipCodec.ControlField.have: receiveHave(control, from: peer, &work, in: node)
            case GossipCodec.ControlField.want: receiveWant(control, from: peer, in: node)
            case GossipCodec.ControlField.graft: receiveGraft(control, from: peer, in: node)
            default: receivePrune(control, from: peer, in: node)
            }
            control.leave(outer)
        }
    }

    // MARK: Gossip

    private func receiveHave(_ entry: ProtobufReader, from peer: GossipPeer, _ work: inout RPCWork, in node: NodeState) {
        if !work.hasAnnouncement {
            work.hasAnnouncement = true
            peer.behaviour.announcements += 1
            wake(in: node)
        }
        guard peer.behaviour.announcements <= configuration.limits.announcements else {
            work.isSlightlyWrong = true
            return
        }
        var isJoined = false
        while entry.advance() {
            switch entry.number {
            case GossipCodec.HaveField.topic:
                isJoined = joined(topicName(entry)) != nil
                guard isJoined else { return }
            case GossipCodec.HaveField.ids:
                guard isJoined, peer.behaviour.idsTaken < configuration.limits.ids else {
                    work.isSlightlyWrong = true
                    return
                }
                peer.behaviour.idsTaken += 1
                guard entry.count <= configuration.limits.messageID else { continue }
                let wire = entry.content()
                let id = canonical(wire, of: peer)
                if !seen.contains(id), !unverifiable.contains(id), entry.fault == nil { work.wanted.append(wire) }
            default: break
            }
        }
    }

    private func receiveWant(_ entry: ProtobufReader, from peer: GossipPeer, in node: NodeState) {
        while entry.advance() {
            guard entry.number == GossipCodec.wantIDs, entry.count <= configuration.limits.messageID else { continue }
            guard peer.behaviour.idsWanted < configuration.limits.ids else { return count(.slight, of: peer, in: node) }
            peer.behaviour.idsWanted += 1
            wake(in: node)
            guard let message = cache[canonical(entry.content(), of: peer)] else { continue }
            let sent = message.retransmissions[peer.id] ?? 0
            guard sent < configuration.parameters.retransmissions else { continue }
            message.retransmissions[peer.id] = sent + 1
            send(message.frame, to: peer, droppable: true, in: node)
        }
    }

    /// Our form of an id that the peer sent. The id's form shows how to write ids to this peer.
    private func canonical(_ wire: [UInt8], of peer: GossipPeer) -> [UInt8] {
        guard configuration.signed else { return wire }
        if let form = MessageID.usesJSForm(wire) { peer.usesJSForm = form }
        return MessageID.canonical(wire)
    }

    /// Whether ids are written to the peer in js-libp2p's form.
    func sendsJSForm(to peer: GossipPeer) -> Bool {
        guard configuration.signed else { return false }
        switch configuration.messageID {
        case .go: return false
        case .js: return true
        case .both: return peer.usesJSForm ?? false
        }
    }

    // MARK: Mesh

    private func receiveGraft(_ entry: ProtobufReader, from peer: GossipPeer, in node: NodeState) {
        var name: [UInt8] = []
        while entry.advance() { if entry.number == GossipCodec.graftTopic { name = topicName(entry) } }
        // For a topic that we have not joined, we store nothing and answer nothing: a remote can make up names for free.
        guard entry.fault == nil, let topic = joined(name), !topic.hasInMesh(peer), peer.isReachable else { return }
        let parameters = configuration.parameters
        if let backoff = topic.backoff(of: peer.peer), node.now < backoff {
            count(.slight, of: peer, in: node)
            return prune(peer, from: topic, backoff: parameters.pruneBackoff, in: node)
        }
        // A mesh full of peers that do not subscribe would keep out those that do. The peer may subscribe in a moment, so the back-off is
        // short.
        guard peer.subscribes(to: name) else {
            count(.slight, of: peer, in: node)
            return prune(peer, from: topic, backoff: parameters.unsubscribeBackoff, in: node)
        }
        if topic.mesh.count >= parameters.meshHigh, !peer.isDialled {
            return prune(peer, from: topic, backoff: parameters.pruneBackoff, in: node)
        }
        topic.addToMesh(peer)
    }

    private func receivePrune(_ entry: ProtobufReader, from peer: GossipPeer, in node: NodeState) {
        var name: [UInt8] = []
        var seconds: UInt64 = 0
        while entry.advance() {
            switch entry.number {
            case GossipCodec.PruneField.topic: name = topicName(entry)
            // Peer exchange: read as a field of this kind, but not used.
            case GossipCodec.PruneField.peers: _ = entry.range()
            case GossipCodec.PruneField.backoff: seconds = entry.varint()
            default: break
            }
        }
        guard entry.fault == nil, let topic = joined(name) else { return }
        topic.removeFromMesh(peer)
        let parameters = configuration.parameters
        let backoff = seconds == 0 ? parameters.pruneBackoff : min(.seconds(seconds), parameters.longestBackoff)
        topic.backOff(peer.peer, until: node.now + backoff, limit: configuration.limits.backoffs)
    }

    /// Whether we may graft the peer. A back-off lasts one heartbeat longer than it says, because clocks differ.
    func mayGraft(_ peer: GossipPeer, into topic: GossipTopic, now: Instant) -> Bool {
        guard peer.isReachable, !topic.hasInMesh(peer), !isIgnored(peer) else { return false }
        guard let backoff = topic.backoff(of: peer.peer) else { return true }
        return now >= backoff + configuration.parameters.heartbeatInterval
    }

    func graft(_ peer: GossipPeer, into topic: GossipTopic, in node: NodeState) {
        topic.addToMesh(peer)
        send(GossipCodec.graft(topic.name), to: peer, in: node)
    }

    /// Tells the peer that it is not, or no longer, in our mesh, and how long neither side grafts again.
    func prune(_ peer: GossipPeer, from topic: GossipTopic, backoff: Interval, in node: NodeState) {
        topic.removeFromMesh(peer)
        topic.backOff(peer.peer, until: node.now + backoff, limit: configuration.limits.backoffs)
        let seconds = max((backoff.milliseconds + 999) / 1000, 1)
        send(GossipCodec.prune(topic.name, backoffSeconds: seconds), to: peer, in: node)
    }

    /// Grafts random subscribers until the mesh has `size` peers.
    func fill(_ topic: GossipTopic, to size: Int, dialledOnly: Bool = false, in node: NodeState) {
        let missing = size - topic.mesh.count
        let chosen = pick(missing, of: topic.subscribers, in: node) {
            (!dialledOnly || $0.isDialled) && mayGraft($0, into: topic, now: node.now)
        }
        for peer in chosen { graft(peer, into: topic, in: node) }
    }

    /// Adds random subscribers to the peers that get our messages while we are not in the topic.
    func fillFanout(of topic: GossipTopic, in node: NodeState) {
        let missing = configuration.parameters.meshSize - topic.fanout.count
        for peer in pick(missing, of: topic.subscribers, in: node, where: { $0.isReachable && !topic.hasInFanout($0) }) {
            topic.fanout.append(peer)
        }
    }

    /// `count` of the peers that fit, or `percent` of them if that is more, in random order.
    func pick(
        _ count: Int, percent: Int = 0, of peers: [GossipPeer], in node: NodeState, where fits: (GossipPeer) -> Bool
    ) -> [GossipPeer] {
        var chosen: [GossipPeer] = []
        for peer in peers where fits(peer) { chosen.append(peer) }
        let wanted = min(max(count, chosen.count * percent / 100), chosen.count)
        guard wanted > 0 else { return [] }
        for index in 0..<wanted { chosen.swapAt(index, index + node.random.below(chosen.count - index)) }
        while chosen.count > wanted { chosen.removeLast() }
        return chosen
    }
}
