import CausewayConnection
import CausewayIdentity

// Processes what neighbours send within a budget: a share of each neighbour's, in turn, and in total only as much as leaves time for
// others' events. The rest waits for the next `advance`, and its senders wait for credit.
extension GossipSub {
    public func received(_ bytes: [UInt8], on stream: StreamKey, in node: NodeContext) {
        guard let inbound = peersByStream[stream.packed]?.inbound, inbound.stream == stream else { return }
        let held = inbound.count
        inbound.add(bytes, now: node.now)
        heldBytes += inbound.count - held
        if !inbound.isWaiting { workOff(inbound, in: node) }
        if inbound.isWaiting {
            inbound.withheld += bytes.count
            node.withhold(bytes.count, of: stream)
        }
        while heldBytes > configuration.limits.heldBytes, let heaviest = heaviest(now: node.now) { cut(heaviest, in: node) }
    }

    /// Gives each neighbour with work left one turn.
    func workOffWaiting(in node: NodeContext) {
        turn = configuration.limits.workPerTurn
        var rounds = waiting.count
        while rounds > 0, turn > 0, let inbound = waiting.first {
            rounds -= 1
            waiting.removeFirst()
            inbound.isWaiting = false
            workOff(inbound, in: node)
        }
    }

    /// Processes RPCs until none is complete, or the neighbour's share of this turn is used up. Then it waits for the next turn.
    private func workOff(_ inbound: GossipInbound, in node: NodeContext) {
        let share = max(turn - configuration.limits.workPerPeer, 0)
        let held = inbound.count
        var isSound = true
        while isSound, turn > share, let rpc = inbound.next(configuration.limits, now: node.now) {
            isSound = work(on: rpc, of: inbound, downTo: share, in: node)
        }
        heldBytes += inbound.count - held
        guard isSound, !inbound.hasFault else { return cut(inbound, in: node) }
        if inbound.hasBegun || inbound.count > 0 && turn <= share {
            inbound.isWaiting = true
            waiting.append(inbound)
        } else {
            settle(inbound, in: node)
        }
    }

    /// No complete RPC is left.
    private func settle(_ inbound: GossipInbound, in node: NodeContext) {
        if inbound.withheld > 0 { node.taken(inbound.withheld, of: inbound.stream) }
        inbound.withheld = 0
        if inbound.isGone {
            drop(inbound)
        } else if inbound.isFinished {
            endInbound(of: inbound.peer)
            node.finish(inbound.stream)
        } else if inbound.count > 0 {
            wake(in: node)
        }
    }

    /// Resets a stream that cannot be followed any longer, or that holds what others need. That counts only against its peer, which may
    /// open another stream.
    func cut(_ inbound: GossipInbound, in node: NodeContext) {
        let peer = inbound.peer
        if !inbound.isGone {
            endInbound(of: peer)
            node.reset(inbound.stream)
            count(.grave, of: peer, in: node)
        }
        drop(inbound)
    }

    func drop(_ inbound: GossipInbound) {
        heldBytes -= inbound.count
        inbound.clear()
    }

    /// The stream that has held most for longest. It is never that of a newcomer if others fill the room.
    private func heaviest(now: Instant) -> GossipInbound? {
        var heaviest: GossipInbound?
        var most: UInt64 = 0
        func weigh(_ inbound: GossipInbound?) {
            guard let inbound, inbound.burden(now: now) > most else { return }
            heaviest = inbound
            most = inbound.burden(now: now)
        }
        for peer in peers { weigh(peer.inbound) }
        for index in 0..<waiting.count { weigh(waiting[index]) }
        return heaviest
    }

    // MARK: RPCs

    /// Returns false if the bytes are no RPC, or waste our time.
    private func work(on rpc: consuming ProtobufReader, of inbound: GossipInbound, downTo share: Int, in node: NodeContext) -> Bool {
        let peer = inbound.peer
        while turn > share {
            let before = rpc.fields
            guard !inbound.work.exceedsEntryLimit, rpc.advance() else {
                turn -= 1
                inbound.finishRPC(now: node.now)
                return finish(rpc, of: peer, inbound.work, in: node)
            }
            let isUseful = isHeard(rpc.number, of: inbound) && read(&rpc, of: inbound, in: node)
            let fields = rpc.fields - before
            turn -= fields
            if isUseful { inbound.work.isUseful = true } else { peer.behaviour.wasted += fields }
            guard peer.behaviour.wasted <= configuration.limits.wasted else {
                wake(in: node)
                return false
            }
        }
        inbound.keep(rpc)
        return true
    }

    /// Reads one entry of an RPC. Returns whether it was a message that was worth reading.
    private func read(_ rpc: inout ProtobufReader, of inbound: GossipInbound, in node: NodeContext) -> Bool {
        let field = rpc.number
        let inner = rpc.range()
        let outer = rpc.enter()
        var isUseful = false
        switch field {
        case GossipCodec.RPCField.subscriptions: receiveSubscription(&rpc, from: inbound.peer, &inbound.work, in: node)
        case GossipCodec.RPCField.publish:
            isUseful = receiveMessage(&rpc, from: inbound.peer, &inbound.work, in: node)
            // go-libp2p forwards unknown fields of any kind. The neighbour is not at fault, so only the message is dropped.
            if let fault = rpc.fault, isForeign(fault) { rpc.skip(inner, outer: outer) }
        default: receiveControl(&rpc, from: inbound.peer, &inbound.work, in: node)
        }
        rpc.leave(outer)
        return isUseful
    }

    private func isForeign(_ fault: ProtobufError) -> Bool {
        switch fault {
        case .unsupportedWireType, .badFieldNumber: true
        default: false
        }
    }

    /// Whether a field counts. A peer that is ignored may still change its subscriptions.
    private func isHeard(_ field: UInt32, of inbound: GossipInbound) -> Bool {
        switch field {
        case GossipCodec.RPCField.subscriptions: !inbound.isGone
        case GossipCodec.RPCField.publish: !isIgnored(inbound.peer)
        case GossipCodec.RPCField.control: !inbound.isGone && !isIgnored(inbound.peer)
        default: false
        }
    }

    private func finish(_ rpc: borrowing ProtobufReader, of peer: GossipPeer, _ work: RPCWork, in node: NodeContext) -> Bool {
        guard rpc.fault == nil else { return false }
        if !work.isUseful { peer.behaviour.wasted += 1 }
        #if !hasFeature(Embedded)
            settleTrial(of: peer, in: node)
        #endif
        if !work.wanted.isEmpty { send(GossipCodec.want(work.wanted), to: peer, droppable: true, in: node) }
        if work.exceedsEntryLimit {
            count(.grave, of: peer, in: node)
        } else if work.hasMinorFault {
            count(.slight, of: peer, in: node)
        }
        if peer.behaviour.wasted > 0 { wake(in: node) }
        return peer.behaviour.wasted <= configuration.limits.wasted
    }

    private func receiveSubscription(_ entry: inout ProtobufReader, from peer: GossipPeer, _ work: inout RPCWork, in node: NodeContext) {
        guard work.takeEntry() else { return }
        var subscribes = false
        var name: [UInt8] = []
        while entry.advance() {
            switch entry.number {
            case GossipCodec.SubscriptionField.subscribe: subscribes = entry.varint() != 0
            case GossipCodec.SubscriptionField.topic: name = topicName(&entry)
            default: break
            }
        }
        guard entry.fault == nil else { return }
        guard !name.isEmpty, peer.behaviour.changes < 2 * configuration.limits.subscriptions else {
            work.hasMinorFault = true
            return
        }
        peer.behaviour.changes += 1
        wake(in: node)
        if subscribes {
            guard peer.subscribe(to: name, limits: configuration.limits) else {
                if !peer.subscribes(to: name) { work.hasMinorFault = true }
                return
            }
            node.emit(.subscriptionChanged(SubscriptionChange(peer: peer.peer, topic: name, isSubscribed: true)))
            let known = topicsByName[name]
            known?.subscribers.append(peer)
            #if !hasFeature(Embedded)
                subscribed(peer, to: name, in: node)
            #endif
            if let known, peer.isReachable { subscriberAppeared(peer, on: known, in: node) }
        } else if peer.unsubscribe(from: name) {
            topicsByName[name]?.removeSubscriber(peer)
            #if !hasFeature(Embedded)
                if let topic = topicsByName[name] { subscriberLeft(peer, topic, in: node) }
            #endif
            node.emit(.subscriptionChanged(SubscriptionChange(peer: peer.peer, topic: name, isSubscribed: false)))
        }
    }

    /// Empty if the name is too long.
    func topicName(_ field: inout ProtobufReader) -> [UInt8] { field.count <= configuration.limits.topicName ? field.content() : [] }
}
