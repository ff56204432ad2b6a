import CausewayConnection
import CausewayIdentity

extension GossipSub {
    public func received(_ bytes: [UInt8], on stream: StreamKey, in node: NodeState) {
        guard let peer = peersByStream[stream.packed], peer.inbound == stream else { return }
        var buffer = bytes
        if !peer.partial.isEmpty {
            buffer = peer.partial
            peer.partial = []
            partialBytes -= buffer.count
            buffer.append(contentsOf: bytes)
        }
        var position = 0
        while position < buffer.count {
            switch GossipCodec.next(in: buffer, at: position, limit: configuration.limits.rpc) {
            case .rpc(let range):
                do throws(ProtobufError) {
                    try receive(ProtobufReader(buffer, range: range), from: peer, in: node)
                } catch {
                    return refuse(peer, in: node)
                }
                position = range.upperBound
            case .malformed:
                return refuse(peer, in: node)
            case .incomplete:
                return keep(buffer, from: position, of: peer, in: node)
            }
        }
    }

    private func keep(_ buffer: [UInt8], from position: Int, of peer: GossipPeer, in node: NodeState) {
        guard partialBytes + buffer.count - position <= configuration.limits.partialBytes else { return refuse(peer, in: node) }
        peer.partial = position == 0 ? buffer : MessageCodec.copy(position..<buffer.count, of: buffer)
        partialBytes += peer.partial.count
    }

    /// Its stream cannot be followed any longer. It may open another.
    private func refuse(_ peer: GossipPeer, in node: NodeState) {
        guard let stream = peer.inbound else { return }
        endInbound(of: peer)
        node.reset(stream)
        count(.grave, of: peer, in: node)
    }

    private func receive(_ rpc: ProtobufReader, from peer: GossipPeer, in node: NodeState) throws(ProtobufError) {
        var reader = rpc
        var work = RPCWork(entries: configuration.limits.entries)
        while let field = try reader.next() {
            switch field.number {
            case GossipCodec.RPCField.subscriptions:
                try receiveSubscription(reader.message(field), from: peer, &work, in: node)
            case GossipCodec.RPCField.publish where !isIgnored(peer):
                try receiveMessage(reader.message(field), from: peer, in: node)
            case GossipCodec.RPCField.control where !isIgnored(peer):
                try receiveControl(reader.message(field), from: peer, &work, in: node)
            default: break
            }
            if work.isOverdone { break }
        }
        if !work.wanted.isEmpty { send(GossipCodec.want(work.wanted), to: peer, droppable: true, in: node) }
        if work.isOverdone {
            count(.grave, of: peer, in: node)
        } else if work.isSlightlyWrong {
            count(.slight, of: peer, in: node)
        }
    }

    private func receiveSubscription(
        _ entry: ProtobufReader, from peer: GossipPeer, _ work: inout RPCWork, in node: NodeState
    ) throws(ProtobufError) {
        guard work.takeEntry() else { return }
        var reader = entry
        var subscribes = false
        var name: [UInt8] = []
        while let field = try reader.next() {
            switch field.number {
            case GossipCodec.SubscriptionField.subscribe: subscribes = try reader.varint(field) != 0
            case GossipCodec.SubscriptionField.topic: name = try topicName(field, of: reader)
            default: break
            }
        }
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
            guard let topic = topicsByName[name] else { return }
            topic.subscribers.append(peer)
            if peer.isReachable { subscriberAppeared(peer, on: topic, in: node) }
        } else if peer.unsubscribe(from: name) {
            topicsByName[name]?.removeSubscriber(peer)
        }
    }

    /// Empty if the name is too long to be looked at.
    func topicName(_ field: ProtobufReader.Field, of reader: ProtobufReader) throws(ProtobufError) -> [UInt8] {
        guard field.range.count <= configuration.limits.topicName else { return [] }
        return try reader.content(field)
    }
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
    private func receiveMessage(_ message: ProtobufReader, from peer: GossipPeer, in node: NodeState) throws(ProtobufError) {
        let fields = try MessageFields(message)
        let bytes = message.bytes
        guard let range = fields.topic, range.count <= configuration.limits.topicName,
            let topic = topicsByName[MessageCodec.copy(range, of: bytes)], topic.isJoined
        else { return }
        let identified = configuration.signed ? signedID(fields, in: bytes) : unsignedID(fields, in: bytes)
        guard let id = identified else { return count(.grave, of: peer, in: node) }
        if seen.contains(id) { return }
        let signed = MessageCodec.signedBytes(fields, in: bytes)
        var author: PeerID?
        var key: [UInt8] = []
        let signature = MessageCodec.copy(fields.signature, of: bytes)
        if configuration.signed {
            guard let range = fields.from, let writer = try? PeerID(MessageCodec.copy(range, of: bytes)) else {
                return count(.grave, of: peer, in: node)
            }
            if writer == node.peerID { return }
            key = MessageCodec.copy(fields.key, of: bytes)
            guard isSigned(signed, by: writer, key: key, signature) else { return count(.grave, of: peer, in: node) }
            author = writer
        }
        seen.insert(id, now: node.now)
        wake(in: node)
        let kept = CachedMessage(
            id: id, key: key, topic: topic.name, frame: MessageCodec.frame(signed: signed, signature: signature, key: key))
        cache.insert(kept)
        for neighbour in topic.mesh where neighbour !== peer && neighbour.peer != author {
            send(kept.frame, to: neighbour, droppable: true, in: node)
        }
        deliver(
            GossipMessage(
                author: author, receivedFrom: peer.peer, topic: topic.name, data: MessageCodec.copy(fields.data, of: bytes),
                sequenceNumber: MessageCodec.copy(fields.sequence, of: bytes)), of: topic, in: node)
    }

    private func deliver(_ message: GossipMessage, of topic: GossipTopic, in node: NodeState) {
        if topic.isSubscribed { node.emit(.message(message)) }
        topic.listener?.messageReceived(message, in: node)
    }

    /// nil: author, sequence number or signature are not as StrictSign wants them.
    private func signedID(_ fields: MessageFields, in bytes: [UInt8]) -> [UInt8]? {
        guard let from = fields.from, let sequence = fields.sequence, let signature = fields.signature, !from.isEmpty, from.count <= 128,
            sequence.count == MessageID.sequenceLength, !signature.isEmpty
        else { return nil }
        var id = MessageCodec.copy(from, of: bytes)
        id.append(contentsOf: bytes[sequence])
        return id
    }

    /// nil: it has what StrictNoSign forbids.
    private func unsignedID(_ fields: MessageFields, in bytes: [UInt8]) -> [UInt8]? {
        for field in [fields.from, fields.sequence, fields.signature, fields.key] {
            if let field, !field.isEmpty { return nil }
        }
        return SHA256.hash(MessageCodec.copy(fields.data, of: bytes))
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
