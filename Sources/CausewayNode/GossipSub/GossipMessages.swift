import CausewayConnection
import CausewayIdentity

// Messages of other peers: verified once, delivered, and forwarded.
extension GossipSub {
    /// Returns false if the message was useless. Then the cost of reading its fields counts against the neighbour.
    func receiveMessage(_ message: inout ProtobufReader, from peer: GossipPeer, _ work: inout RPCWork, in node: NodeContext) -> Bool {
        guard work.takeEntry() else { return false }
        let fields = MessageFields(&message)
        guard message.fault == nil else { return false }
        guard fields.has(MessageFields.topic) else {
            count(.grave, of: peer, in: node)
            return false
        }
        guard fields[MessageFields.topic].count <= configuration.limits.topicName,
            let topic = joined(fields.content(MessageFields.topic))
        else { return false }
        guard let id = messageID(of: fields, on: topic, from: peer) else {
            count(.grave, of: peer, in: node)
            return false
        }
        if seen.contains(id) {
            #if !hasFeature(Embedded)
                learnForm(of: peer, fromCopy: fields, on: topic, in: node)
            #endif
            return true
        }
        if isReplay(id, on: topic, in: node) { return true }
        turn -= fields.size / configuration.limits.bytesPerWork
        let signed = MessageCodec.signedBytes(fields)
        let key = fields.content(MessageFields.key)
        let author = configuration.signed ? try? PeerID(fields.content(MessageFields.from)) : nil
        if author == node.peerID { return true }
        switch configuration.signed ? verdict(on: signed, of: fields, by: author, key: key) : .genuine {
        case .genuine: deliver(signed, of: fields, key: key, id: id, by: author, on: topic, from: peer, in: node)
        case .forged:
            count(.grave, of: peer, in: node)
            return false
        // Others may accept it, so the neighbour that forwarded it did nothing wrong.
        case .unverifiable: peer.behaviour.wasted += 1
        case .unusableKey:
            peer.behaviour.wasted += 1
            unverifiable.insert(id, now: node.now)
        }
        return true
    }

    /// Whether the message is a replay. A page does without this code: it lives for hours and forwards no announcements.
    private func isReplay(_ id: [UInt8], on topic: GossipTopic, in node: NodeContext) -> Bool {
        #if hasFeature(Embedded)
            return false
        #else
            return topic.refusesReplays && replays.knows(topic.name + id, clock: node.unixNanoseconds)
        #endif
    }

    /// go-libp2p forwards messages that we cannot read: author ids that inline a long key, sequence numbers of other lengths, and
    /// signatures that cover more fields than ours.
    private func verdict(on signed: [UInt8], of fields: MessageFields, by author: PeerID?, key: [UInt8]) -> AuthorKeys.Verdict {
        guard let author, fields[MessageFields.sequence].count == MessageID.sequenceLength else { return .unverifiable }
        let signature = fields.content(MessageFields.signature)
        let verdict = authors.verdict(on: signed, by: author, key: key, signature, work: &turn)
        return verdict == .forged && fields.hasOthers ? .unverifiable : verdict
    }

    private func deliver(
        _ signed: [UInt8], of fields: MessageFields, key: [UInt8], id: [UInt8], by author: PeerID?, on topic: GossipTopic,
        from peer: GossipPeer, in node: NodeContext
    ) {
        let message = message(fields, by: author, on: topic, from: peer)
        let frame = MessageCodec.frame(signed: signed, signature: fields.content(MessageFields.signature), key: key)
        #if !hasFeature(Embedded)
            if topic.isJudged, !hasRoomToJudge(frame.count, from: peer) { return }
            learnForm(of: peer, from: message, in: node)
        #endif
        let kept = cached(message, id: id, key: key, frame: frame)
        #if !hasFeature(Embedded)
            kept.source = peer.id
            let isCopy = configuration.signed && computed[kept.computed.own] != nil
        #endif
        note(kept, now: node.now)
        wake(in: node)
        #if !hasFeature(Embedded)
            if topic.refusesReplays { replays.insert(topic.name + id, clock: node.unixNanoseconds, now: node.now) }
            if isCopy { return }
            if let size = configuration.parameters.dontWantSize, message.data.count >= size {
                tellDontWant(kept, on: topic, from: peer, in: node)
            }
            if topic.isJudged { return ask(kept, message, from: peer, in: node) }
        #endif
        forward(kept, message, from: peer, on: topic, in: node)
    }

    /// Sends a message on and delivers it here.
    func forward(_ kept: CachedMessage, _ message: GossipMessage, from peer: GossipPeer, on topic: GossipTopic, in node: NodeContext) {
        cache.insert(kept)
        for neighbour in topic.mesh where neighbour !== peer && neighbour.peer != message.author {
            #if !hasFeature(Embedded)
                if isUnwanted(kept, by: neighbour) { continue }
            #endif
            send(kept.frame, to: neighbour, droppable: true, in: node)
        }
        if topic.isSubscribed { node.deliver(message) }
        topic.listener?.messageReceived(message, in: node)
    }

    /// The message as it is sent and kept, in all the forms of its id that somebody uses.
    func cached(_ message: GossipMessage, id: [UInt8], key: [UInt8], frame: [UInt8]) -> CachedMessage {
        let kept = CachedMessage(id: id, key: key, topic: message.topicUTF8, frame: frame)
        #if !hasFeature(Embedded)
            kept.computed = computed.compute(message)
        #endif
        return kept
    }

    /// The message is known from now on.
    func note(_ message: CachedMessage, now: Instant) {
        seen.insert(message.id, now: now)
        #if !hasFeature(Embedded)
            computed.insert(message.computed, of: message.id, now: now)
        #endif
    }

    func message(_ fields: MessageFields, by author: PeerID?, on topic: GossipTopic, from peer: GossipPeer) -> GossipMessage {
        GossipMessage(
            author: author, receivedFrom: peer.peer, topic: topic.name, data: fields.content(MessageFields.data),
            sequenceNumber: fields.content(MessageFields.sequence))
    }

    /// nil: StrictSign requires author and signature and they are missing, or StrictNoSign forbids them and they are present.
    private func messageID(of fields: MessageFields, on topic: GossipTopic, from peer: GossipPeer) -> [UInt8]? {
        guard configuration.signed else {
            for field in [MessageFields.from, MessageFields.sequence, MessageFields.signature, MessageFields.key] {
                if fields.has(field) { return nil }
            }
            return unsignedID(of: message(fields, by: nil, on: topic, from: peer))
        }
        guard !fields[MessageFields.from].isEmpty, !fields[MessageFields.signature].isEmpty else { return nil }
        return fields.contents(MessageFields.from, MessageFields.sequence)
    }

    /// The id in a mesh where nobody signs.
    func unsignedID(of message: GossipMessage) -> [UInt8] {
        #if !hasFeature(Embedded)
            let own = computed.compute(message).own
            if !own.isEmpty { return own }
        #endif
        return SHA256.hash(message.data)
    }
}
