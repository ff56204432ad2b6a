import CausewayConnection
import CausewayIdentity

extension GossipSub {
    func receiveControl(
        _ control: ProtobufReader, from peer: GossipPeer, _ work: inout RPCWork, in node: NodeState
    ) throws(ProtobufError) {
        var reader = control
        while let field = try reader.next() {
            guard (1...4).contains(field.number) else { continue }
            guard work.takeEntry() else { return }
            let entry = try reader.message(field)
            switch field.number {
            case GossipCodec.ControlField.have: try receiveHave(entry, from: peer, &work, in: node)
            case GossipCodec.ControlField.want: try receiveWant(entry, from: peer, in: node)
            case GossipCodec.ControlField.graft: try receiveGraft(entry, from: peer, in: node)
            default: try receivePrune(entry, from: peer, in: node)
            }
        }
    }

    // MARK: Gossip

    private func receiveHave(
        _ entry: ProtobufReader, from peer: GossipPeer, _ work: inout RPCWork, in node: NodeState
    ) throws(ProtobufError) {
        if !work.hasAnnouncement {
            work.hasAnnouncement = true
            peer.behaviour.announcements += 1
            wake(in: node)
        }
        guard peer.behaviour.announcements <= configuration.limits.announcements else {
            work.isSlightlyWrong = true
            return
        }
        var reader = entry
        var topic: GossipTopic?
        while let field = try reader.next() {
            switch field.number {
            case GossipCodec.HaveField.topic:
                topic = topicsByName[try topicName(field, of: reader)]
                guard let topic, topic.isJoined else { return }
            case GossipCodec.HaveField.ids:
                guard topic != nil, peer.behaviour.idsTaken < configuration.limits.ids else {
                    work.isSlightlyWrong = true
                    return
                }
                peer.behaviour.idsTaken += 1
                guard field.range.count <= configuration.limits.messageID else { continue }
                let wire = try reader.content(field)
                learnForm(of: peer, from: wire)
                if !seen.contains(canonical(wire)) { work.wanted.append(wire) }
            default: break
            }
        }
    }

    private func receiveWant(_ entry: ProtobufReader, from peer: GossipPeer, in node: NodeState) throws(ProtobufError) {
        var reader = entry
        while let field = try reader.next() {
            guard field.number == GossipCodec.wantIDs, field.range.count <= configuration.limits.messageID else { continue }
            guard peer.behaviour.idsWanted < configuration.limits.ids else { return count(.slight, of: peer, in: node) }
            peer.behaviour.idsWanted += 1
            wake(in: node)
            let wire = try reader.content(field)
            learnForm(of: peer, from: wire)
            guard let message = cache[canonical(wire)] else { continue }
            let sent = message.retransmissions[peer.id] ?? 0
            guard sent < configuration.parameters.retransmissions else { continue }
            message.retransmissions[peer.id] = sent + 1
            send(message.frame, to: peer, droppable: true, in: node)
        }
    }

    private func canonical(_ wire: [UInt8]) -> [UInt8] { configuration.signed ? MessageID.canonical(wire) : wire }

    private func learnForm(of peer: GossipPeer, from wire: [UInt8]) {
        if configuration.signed, let form = MessageID.usesJSForm(wire) { peer.usesJSForm = form }
    }

    /// Whether ids go to the peer in js-libp2p's form.
    func sendsJSForm(to peer: GossipPeer) -> Bool {
        guard configuration.signed else { return false }
        switch configuration.messageID {
        case .go: return false
        case .js: return true
        case .both: return peer.usesJSForm ?? false
        }
    }

    // MARK: Mesh

    private func receiveGraft(_ entry: ProtobufReader, from peer: GossipPeer, in node: NodeState) throws(ProtobufError) {
        var reader = entry
        var name: [UInt8] = []
        while let field = try reader.next() {
            if field.number == GossipCodec.graftTopic { name = try topicName(field, of: reader) }
        }
        // Nothing is kept of, nor answered for, a topic that we are not in: names cost a remote nothing.
        guard let topic = topicsByName[name], topic.isJoined, !topic.hasInMesh(peer), peer.isReachable else { return }
        let parameters = configuration.parameters
        if let backoff = topic.backoff(of: peer.peer), node.now < backoff {
            count(.slight, of: peer, in: node)
            return prune(peer, from: topic, backoff: parameters.pruneBackoff, in: node)
        }
        // A mesh full of peers that do not listen keeps out those who do; it may subscribe in a moment, so it need not wait long.
        guard peer.subscribes(to: name) else {
            count(.slight, of: peer, in: node)
            return prune(peer, from: topic, backoff: parameters.unsubscribeBackoff, in: node)
        }
        if topic.mesh.count >= parameters.meshHigh, !peer.isDialled {
            return prune(peer, from: topic, backoff: parameters.pruneBackoff, in: node)
        }
        topic.addToMesh(peer)
    }

    private func receivePrune(_ entry: ProtobufReader, from peer: GossipPeer, in node: NodeState) throws(ProtobufError) {
        var reader = entry
        var name: [UInt8] = []
        var seconds: UInt64 = 0
        while let field = try reader.next() {
            switch field.number {
            case GossipCodec.PruneField.topic: name = try topicName(field, of: reader)
            // Peer exchange: read as what it is, and not used.
            case GossipCodec.PruneField.peers: _ = try reader.message(field)
            case GossipCodec.PruneField.backoff: seconds = try reader.varint(field)
            default: break
            }
        }
        guard let topic = topicsByName[name], topic.isJoined else { return }
        topic.removeFromMesh(peer)
        let parameters = configuration.parameters
        let backoff = seconds == 0 ? parameters.pruneBackoff : min(.seconds(seconds), parameters.longestBackoff)
        topic.backOff(peer.peer, until: node.now + backoff, limit: configuration.limits.backoffs)
    }

    /// Whether we may ask the peer into the mesh. A back-off is given one heartbeat more than it says, for clocks that differ.
    func mayGraft(_ peer: GossipPeer, into topic: GossipTopic, now: Instant) -> Bool {
        guard peer.isReachable, !topic.hasInMesh(peer), !isIgnored(peer) else { return false }
        guard let backoff = topic.backoff(of: peer.peer) else { return true }
        return now >= backoff + configuration.parameters.heartbeatInterval
    }

    func graft(_ peer: GossipPeer, into topic: GossipTopic, in node: NodeState) {
        topic.addToMesh(peer)
        send(GossipCodec.graft(topic.name), to: peer, in: node)
    }

    /// Tells the peer that it is not, or no longer, in our mesh, and for how long neither side asks again.
    func prune(_ peer: GossipPeer, from topic: GossipTopic, backoff: Interval, in node: NodeState) {
        topic.removeFromMesh(peer)
        topic.backOff(peer.peer, until: node.now + backoff, limit: configuration.limits.backoffs)
        let seconds = max((backoff.milliseconds + 999) / 1000, 1)
        send(GossipCodec.prune(topic.name, backoffSeconds: seconds), to: peer, in: node)
    }

    /// Grafts subscribers at random until the mesh has `size`.
    func fill(_ topic: GossipTopic, to size: Int, dialledOnly: Bool = false, in node: NodeState) {
        guard topic.mesh.count < size else { return }
        let candidates = topic.subscribers.filter {
            (!dialledOnly || $0.isDialled) && mayGraft($0, into: topic, now: node.now)
        }
        for peer in pick(size - topic.mesh.count, of: candidates, in: node) { graft(peer, into: topic, in: node) }
    }

    /// `count` of the candidates, or all, in random order.
    func pick(_ count: Int, of candidates: [GossipPeer], in node: NodeState) -> [GossipPeer] {
        guard count > 0 else { return [] }
        var rest = candidates
        let wanted = min(count, rest.count)
        for index in 0..<wanted { rest.swapAt(index, index + node.random.below(rest.count - index)) }
        return [GossipPeer](rest.prefix(wanted))
    }
}
