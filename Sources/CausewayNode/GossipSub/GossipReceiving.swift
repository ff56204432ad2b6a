import CausewayConnection
import CausewayIdentity

extension GossipSub {
    public func received(_ bytes: [UInt8], on stream: StreamKey, in node: NodeState) {
        guard let peer = peersByStream[stream.packed], peer.inbound == stream else { return }
        partialBytes -= peer.inbox.count
        peer.inbox.add(bytes)
        var isSound = true
        while isSound, let rpc = peer.inbox.next(limit: configuration.limits.rpc) { isSound = receive(rpc, from: peer, in: node) }
        partialBytes += peer.inbox.count
        if !isSound || peer.inbox.fault != nil || partialBytes > configuration.limits.partialBytes { refuse(peer, in: node) }
    }

    /// Its stream cannot be followed any longer. It may open another.
    private func refuse(_ peer: GossipPeer, in node: NodeState) {
        guard let stream = peer.inbound else { return }
        endInbound(of: peer)
        node.reset(stream)
        count(.grave, of: peer, in: node)
    }

    /// False: it is none.
    private func receive(_ rpc: ProtobufReader, from peer: GossipPeer, in node: NodeState) -> Bool {
        var work = RPCWork(entries: configuration.limits.entries)
        while !work.isOverdone, rpc.advance() {
            guard rpc.number <= GossipCodec.RPCField.control,
                rpc.number == GossipCodec.RPCField.subscriptions || !isIgnored(peer)
            else { continue }
            let outer = rpc.enter()
            switch rpc.number {
            case GossipCodec.RPCField.subscriptions: receiveSubscription(rpc, from: peer, &work, in: node)
            case GossipCodec.RPCField.publish: receiveMessage(rpc, from: peer, in: node)
            default: receiveControl(rpc, from: peer, &work, in: node)
            }
            rpc.leave(outer)
        }
        guard rpc.fault == nil else { return false }
        if !work.wanted.isEmpty { send(GossipCodec.want(work.wanted), to: peer, droppable: true, in: node) }
        if work.isOverdone {
            count(.grave, of: peer, in: node)
        } else if work.isSlightlyWrong {
            count(.slight, of: peer, in: node)
        }
        return true
    }

    private func receiveSubscription(_ entry: ProtobufReader, from peer: GossipPeer, _ work: inout RPCWork, in node: NodeState) {
        guard work.takeEntry() else { return }
        var subscribes = false
        var name: [UInt8] = []
        while entry.advance() {
            switch entry.number {
            case GossipCodec.SubscriptionField.subscribe: subscribes = entry.varint() != 0
            case GossipCodec.SubscriptionField.topic: name = topicName(entry)
            default: break
            }
        }
        guard entry.fault == nil else { return }
        guard !name.isEmpty, peer.behaviour.changes < 2 * configuration.limits.subscriptions else {
            work.isSlightlyWrong = true
            return
        }
        peer.behaviour.changes += 1
        wake(in: node)
        if subscribes {
            guard peer.subscribe(to: name, limits: configuration.limits) else {
                if !peer.subscribes(to: name) { work.isSlightlyWrong = true }
                return
            }
            node.emit(.subscriptionChanged(peer.peer, topic: name, isSubscribed: true))
            guard let topic = topicsByName[name] else { return }
            topic.subscribers.append(peer)
            if peer.isReachable { subscriberAppeared(peer, on: topic, in: node) }
        } else if peer.unsubscribe(from: name) {
            topicsByName[name]?.removeSubscriber(peer)
            node.emit(.subscriptionChanged(peer.peer, topic: name, isSubscribed: false))
        }
    }

    /// Empty if the name is too long to be looked at.
    func topicName(_ field: ProtobufReader) -> [UInt8] { field.count <= configuration.limits.topicName ? field.content() : [] }
}

/// What one RPC has used up and brought to light.
struct RPCWork {
    var entries: Int
    /// Ids to ask the sender for.
    var wanted: [[UInt8]] = []
    var hasAnnouncement = false
    /// More entries than any honest RPC has: the rest was not looked at.
    var isOverdone = false
    var isSlightlyWrong = false

    init(entries: Int) { self.entries = entries }

    mutating func takeEntry() -> Bool {
        guard entries > 0 else {
            isOverdone = true
            return false
        }
        entries -= 1
        return true
    }
}

// MARK: Messages

extension GossipSub {
    private func receiveMessage(_ message: ProtobufReader, from peer: GossipPeer, in node: NodeState) {
        fields.read(message)
        let bytes = message.bytes
        guard message.fault == nil, fields.has(MessageFields.topic), fields[MessageFields.topic].count <= configuration.limits.topicName,
            let topic = joined(fields.content(MessageFields.topic, of: bytes))
        else { return }
        guard let id = messageID(in: bytes) else { return count(.grave, of: peer, in: node) }
        if seen.contains(id) { return }
        let signed = MessageCodec.signedBytes(fields, in: bytes)
        let signature = fields.content(MessageFields.signature, of: bytes)
        let key = fields.content(MessageFields.key, of: bytes)
        var author: PeerID?
        if configuration.signed {
            author = try? PeerID(fields.content(MessageFields.from, of: bytes))
            if author == node.peerID { return }
            guard let author, isSigned(signed, by: author, key: key, signature) else { return count(.grave, of: peer, in: node) }
        }
        seen.insert(id, now: node.now)
        wake(in: node)
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

    /// nil: author, sequence number or signature are not as StrictSign wants them, or there where StrictNoSign forbids them.
    private func messageID(in bytes: [UInt8]) -> [UInt8]? {
        let from = fields[MessageFields.from]
        let sequence = fields[MessageFields.sequence]
        let signature = fields[MessageFields.signature]
        guard configuration.signed else {
            guard from.isEmpty, sequence.isEmpty, signature.isEmpty, fields[MessageFields.key].isEmpty else { return nil }
            return SHA256.hash(fields.content(MessageFields.data, of: bytes))
        }
        guard !from.isEmpty, from.count <= 128, sequence.count == MessageID.sequenceLength, !signature.isEmpty else { return nil }
        return [UInt8](copying: bytes, from) + [UInt8](copying: bytes, sequence)
    }

    private func isSigned(_ signed: [UInt8], by author: PeerID, key: [UInt8], _ signature: [UInt8]) -> Bool {
        let publicKey: PublicKey
        if key.isEmpty {
            guard let inlined = author.inlinedKey else { return false }
            publicKey = inlined
        } else {
            guard let parsed = try? PublicKey(protobuf: key), parsed.peerID == author else { return false }
            publicKey = parsed
        }
        return (try? publicKey.verify(signature, of: signed)) ?? false
    }
}
