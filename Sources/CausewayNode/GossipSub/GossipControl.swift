import CausewayConnection
import CausewayIdentity

extension GossipSub {
    func receiveControl(_ control: inout ProtobufReader, from peer: GossipPeer, _ work: inout RPCWork, in node: NodeContext) {
        while control.advance() {
            // Among what is skipped are the extensions of v1.3.
            guard control.number <= GossipCodec.ControlField.last else { continue }
            guard work.takeEntry() else { return }
            let outer = control.enter()
            switch control.number {
            case GossipCodec.ControlField.have: receiveHave(&control, from: peer, &work, in: node)
            case GossipCodec.ControlField.want: receiveWant(&control, from: peer, in: node)
            case GossipCodec.ControlField.graft: receiveGraft(&control, from: peer, in: node)
            #if !hasFeature(Embedded)
                case GossipCodec.ControlField.dontWant: receiveDontWant(&control, from: peer, in: node)
            #endif
            default: receivePrune(&control, from: peer, in: node)
            }
            control.leave(outer)
        }
    }

    // MARK: Gossip

    private func receiveHave(_ entry: inout ProtobufReader, from peer: GossipPeer, _ work: inout RPCWork, in node: NodeContext) {
        if !work.hasAnnouncement {
            work.hasAnnouncement = true
            peer.behaviour.ihaveCount += 1
            wake(in: node)
        }
        guard peer.behaviour.ihaveCount <= configuration.limits.ihaveCount else {
            work.hasMinorFault = true
            return
        }
        var isJoined = false
        while entry.advance() {
            switch entry.number {
            case GossipCodec.HaveField.topic:
                isJoined = joined(topicName(&entry)) != nil
                guard isJoined else { return }
            case GossipCodec.HaveField.ids:
                guard isJoined, peer.behaviour.iwantIDs < configuration.limits.ids else {
                    work.hasMinorFault = true
                    return
                }
                peer.behaviour.iwantIDs += 1
                guard entry.count <= configuration.limits.messageID else { continue }
                let wire = entry.content()
                let id = canonical(wire, of: peer)
                guard !seen.contains(id), !unverifiable.contains(id), entry.fault == nil else { continue }
                work.wanted.append(wire)
                #if !hasFeature(Embedded)
                    if configuration.messageID.fixed == nil, MessageID.form(of: wire) == nil { peer.askForeign(wire) }
                #endif
            default: break
            }
        }
    }

    private func receiveWant(_ entry: inout ProtobufReader, from peer: GossipPeer, in node: NodeContext) {
        while entry.advance() {
            guard entry.number == GossipCodec.wantIDs, entry.count <= configuration.limits.messageID else { continue }
            guard peer.behaviour.idsWanted < configuration.limits.ids else { return count(.slight, of: peer, in: node) }
            peer.behaviour.idsWanted += 1
            wake(in: node)
            let wire = entry.content()
            #if !hasFeature(Embedded)
                peer.formTrial?.note(wire)
            #endif
            // An id that is asked for is one that we told, so it shows nothing of the peer's own.
            guard let message = cache[canonical(wire)] else { continue }
            #if !hasFeature(Embedded)
                if message.source == peer.id { tryForms(of: peer, with: message, in: node) }
            #endif
            let sent = message.retransmissions[peer.id] ?? 0
            guard sent < configuration.parameters.retransmissions else { continue }
            message.retransmissions[peer.id] = sent + 1
            send(message.frame, to: peer, droppable: true, in: node)
        }
    }

    /// Our form of an id. If the peer wrote it of its own accord, the id's form shows how to write ids to this peer.
    func canonical(_ wire: [UInt8], of peer: GossipPeer? = nil) -> [UInt8] {
        guard configuration.signed else { return wire }
        #if !hasFeature(Embedded)
            if let known = computed[wire] {
                peer?.idForm = known.form
                return known.id
            }
        #endif
        if let peer, let form = MessageID.form(of: wire) { peer.idForm = form }
        return MessageID.canonical(wire)
    }

    /// How ids are written to the peer.
    func idForm(of peer: GossipPeer) -> IDForm {
        guard configuration.signed else { return .go }
        if let form = configuration.messageID.fixed ?? peer.idForm { return form }
        #if !hasFeature(Embedded)
            // It writes ids that we cannot read yet. What it asked for by ours would come under other ids of its own: js-libp2p takes that
            // for a broken promise.
            if !peer.foreignIDs.asked.isEmpty { return .foreign }
        #endif
        return peer.likelyForm
    }

    /// The message's id in a form. Empty: it has none.
    func spelled(_ message: CachedMessage, in form: IDForm) -> [UInt8] {
        switch form {
        case .go: return message.id
        case .js: return MessageID.js(message.id, key: message.key)
        #if !hasFeature(Embedded)
            case .rust: return MessageID.rust(message.id)
            default: return message.computed[form]
        #endif
        }
    }

    // MARK: Mesh

    private func receiveGraft(_ entry: inout ProtobufReader, from peer: GossipPeer, in node: NodeContext) {
        var name: [UInt8] = []
        while entry.advance() { if entry.number == GossipCodec.graftTopic { name = topicName(&entry) } }
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
        if topic.mesh.count >= parameters.meshHigh, !peer.isDialled || parameters.meshHigh == 0 {
            return prune(peer, from: topic, backoff: parameters.pruneBackoff, in: node)
        }
        topic.addToMesh(peer)
        tellNewcomer(peer, of: topic, in: node)
    }

    private func receivePrune(_ entry: inout ProtobufReader, from peer: GossipPeer, in node: NodeContext) {
        var name: [UInt8] = []
        var seconds: UInt64 = 0
        while entry.advance() {
            switch entry.number {
            case GossipCodec.PruneField.topic: name = topicName(&entry)
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

    func graft(_ peer: GossipPeer, into topic: GossipTopic, in node: NodeContext) {
        topic.addToMesh(peer)
        send(GossipCodec.graft(topic.name), to: peer, in: node)
    }

    /// Tells the peer that it is not, or no longer, in our mesh, and how long neither side grafts again.
    func prune(_ peer: GossipPeer, from topic: GossipTopic, backoff: Interval, in node: NodeContext) {
        topic.removeFromMesh(peer)
        topic.backOff(peer.peer, until: node.now + backoff, limit: configuration.limits.backoffs)
        let seconds = max((backoff.milliseconds + 999) / 1000, 1)
        send(GossipCodec.prune(topic.name, backoffSeconds: seconds), to: peer, in: node)
    }

    /// Grafts random subscribers until the mesh has `size` peers.
    func fill(_ topic: GossipTopic, to size: Int, dialledOnly: Bool = false, in node: NodeContext) {
        let missing = size - topic.mesh.count
        let chosen = pick(missing, of: topic.subscribers, in: node) {
            (!dialledOnly || $0.isDialled) && mayGraft($0, into: topic, now: node.now)
        }
        for peer in chosen {
            graft(peer, into: topic, in: node)
            tellNewcomer(peer, of: topic, in: node)
        }
    }

    /// Adds random subscribers to the peers that get our messages while we are not in the topic.
    func fillFanout(of topic: GossipTopic, in node: NodeContext) {
        let missing = configuration.parameters.meshSize - topic.fanout.count
        for peer in pick(missing, of: topic.subscribers, in: node, where: { $0.isReachable && !topic.hasInFanout($0) }) {
            topic.fanout.append(peer)
        }
    }

    /// `count` of the peers that fit, or `percent` of them if that is more, in random order.
    func pick(
        _ count: Int, percent: Int = 0, of peers: some Sequence<GossipPeer>, in node: NodeContext, where fits: (GossipPeer) -> Bool
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
