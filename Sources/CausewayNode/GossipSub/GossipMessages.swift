import CausewayConnection
import CausewayIdentity

// Messages of other peers: verified once, delivered, and forwarded.
extension GossipSub {
    /// Returns false if the message was useless. Then the cost of reading its fields counts against the neighbour.
    func receiveMessage(_ message: ProtobufReader, from peer: GossipPeer, _ work: inout RPCWork, in node: NodeState) -> Bool {
        guard work.takeEntry() else { return false }
        fields.read(message)
        let bytes = message.bytes
        guard message.fault == nil else { return false }
        guard fields.has(MessageFields.topic) else {
            count(.grave, of: peer, in: node)
            return false
        }
        guard fields[MessageFields.topic].count <= configuration.limits.topicName,
            let topic = joined(fields.content(MessageFields.topic, of: bytes))
        else { return false }
        guard let id = messageID(in: bytes) else {
            count(.grave, of: peer, in: node)
            return false
        }
        if seen.contains(id) || isReplay(id, on: topic, in: node) { return true }
        turn -= fields.size / configuration.limits.bytesPerWork
        let signed = MessageCodec.signedBytes(fields, in: bytes)
        let key = fields.content(MessageFields.key, of: bytes)
        let author = configuration.signed ? try? PeerID(fields.content(MessageFields.from, of: bytes)) : nil
        if author == node.peerID { return true }
        switch configuration.signed ? verdict(on: signed, by: author, key: key, in: bytes) : .genuine {
        case .genuine: deliver(signed, in: bytes, key: key, id: id, by: author, on: topic, from: peer, in: node)
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
    private func isReplay(_ id: [UInt8], on topic: GossipTopic, in node: NodeState) -> Bool {
        #if hasFeature(Embedded)
            return false
        #else
            return topic.refusesReplays && replays.knows(topic.name + id, clock: node.unixNanoseconds)
        #endif
    }

    /// go-libp2p forwards messages that we cannot read: author ids that inline a long key, sequence numbers of other lengths, and
    /// signatures that cover more fields than ours.
    private func verdict(on signed: [UInt8], by author: PeerID?, key: [UInt8], in bytes: [UInt8]) -> AuthorKeys.Verdict {
        guard let author, fields[MessageFields.sequence].count == MessageID.sequenceLength else { return .unverifiable }
        let signature = fields.content(MessageFields.signature, of: bytes)
        let verdict = authors.verdict(on: signed, by: author, key: key, signature, work: &turn)
        return verdict == .forged && fields.hasOthers ? .unverifiable : verdict
    }

    private func deliver(
        _ signed: [UInt8], in bytes: [UInt8], key: [UInt8], id: [UInt8], by author: PeerID?, on topic: GossipTopic, from peer: GossipPeer,
        in node: NodeState
    ) {
        seen.insert(id, now: node.now)
        #if !hasFeature(Embedded)
            if topic.refusesReplays { replays.insert(topic.name + id, clock: node.unixNanoseconds, now: node.now) }
        #endif
        wake(in: node)
        let signature = fields.content(MessageFields.signature, of: bytes)
        let kept = CachedMessage(
            id: id, key: key, topic: topic.name, frame: MessageCodec.frame(signed: signed, signature: signature, key: key))
        cache.insert(kept)
        for neighbour in topic.mesh where neighbour !== peer && neighbour.peer != author {
            send(kept.frame, to: neighbour, droppable: true, in: node)
        }
        let delivered = GossipMessage(
            author: author, receivedFrom: peer.peer, topic: topic.name, data: fields.content(MessageFields.data, of: bytes),
            sequenceNumber: fields.content(MessageFields.sequence, of: bytes))
        if topic.isSubscribed { node.emit(.message(delivered)) }
        topic.listener?.messageReceived(delivered, in: node)
    }

    /// nil: StrictSign requires author and signature and they are missing, or StrictNoSign forbids them and they are present.
    private func messageID(in bytes: [UInt8]) -> [UInt8]? {
        let from = fields[MessageFields.from]
        let sequence = fields[MessageFields.sequence]
        let signature = fields[MessageFields.signature]
        guard configuration.signed else {
            guard from.isEmpty, sequence.isEmpty, signature.isEmpty, fields[MessageFields.key].isEmpty else { return nil }
            return SHA256.hash(fields.content(MessageFields.data, of: bytes))
        }
        guard !from.isEmpty, !signature.isEmpty else { return nil }
        return [UInt8](copying: bytes, from) + [UInt8](copying: bytes, sequence)
    }
}
