public import CausewayConnection
import CausewayIdentity

extension RelayServer {
    /// CONNECT: checks, then asks the target.
    func connect(_ hop: HopStream, _ link: ConnectedLink, to target: [UInt8], in node: NodeContext) {
        guard let target = try? PeerID(target) else {
            refuse(hop, link.peer, nil, HopStatus.malformedMessage, in: node)
            return
        }
        guard !link.isRelayed, target != link.peer else {
            refuse(hop, link.peer, target, HopStatus.permissionDenied, in: node)
            return
        }
        guard reservations[target] != nil, let targetLink = directLink(to: target, in: node) else {
            refuse(hop, link.peer, target, HopStatus.noReservation, in: node)
            return
        }
        let place = AddressKey(link.remoteAddress)
        if let limit = fullness(link.peer, place, target) {
            refuse(hop, link.peer, target, HopStatus.resourceLimitExceeded, limit: limit, in: node)
            return
        }
        repeat { lastCircuit &+= 1 } while circuits[lastCircuit] != nil
        let stop = node.openStream(on: targetLink.id, [HopCodec.stopID], for: self, handsOver: .afterOneMessage)
        let circuit = ServedCircuit(
            id: lastCircuit, source: link.peer, place: place, target: target, hop: hop.key, stop: stop, limit: limits.circuit,
            deadline: node.now + limits.stopTime)
        circuits[circuit.id] = circuit
        asking[stop.packed] = circuit.id
        shares.insert(circuit)
        soonest = min(soonest, circuit.deadline)
        wait(hop, for: circuit)
        node.send(HopCodec.encode(StopMessage.connect(peer: link.peer.bytes, limit: advertisedLimit)), on: stop)
    }

    private func fullness(_ source: PeerID, _ place: AddressKey?, _ target: PeerID) -> ReachedLimit? {
        if circuits.count >= limits.circuits { return ReachedLimit(.circuits, limits.circuits) }
        return shares.refusal(of: source, at: place, to: target, limits: limits)
    }

    private func refuse(
        _ hop: HopStream, _ source: PeerID, _ target: PeerID?, _ status: UInt16, limit: ReachedLimit? = nil, in node: NodeContext
    ) {
        totals.circuitsRefused += 1
        answer(hop, status, in: node)
        node.emit(.relay(.circuitRefused(source: source, target: target, status: status, limit: limit)))
    }

    /// The target refused, failed or was too slow.
    func refuse(_ circuit: ServedCircuit, _ status: UInt16, in node: NodeContext) {
        remove(circuit, in: node)
        guard let hop = stream(circuit.hop) else { return }
        refuse(hop, circuit.source, circuit.target, status, in: node)
    }

    /// The source gave up its circuit before it was open.
    func abandon(circuit id: UInt32, in node: NodeContext) {
        guard let circuit = circuits[id] else { return }
        remove(circuit, in: node)
        if let hop = stream(circuit.hop) { drop(hop, in: node) }
    }

    /// Forgets the circuit and frees its shares. A target that is still being asked gets a reset.
    private func remove(_ circuit: ServedCircuit, in node: NodeContext) {
        if asking.removeValue(forKey: circuit.stop.packed) != nil { node.reset(circuit.stop) }
        circuits[circuit.id] = nil
        shares.remove(circuit)
    }

    func targetAnswered(_ bytes: [UInt8], _ circuit: ServedCircuit, in node: NodeContext) {
        circuit.inbox.add(bytes)
        if let message = circuit.inbox.next(limit: HopCodec.messageSize) {
            if let answer = try? HopCodec.decodeStop(message), answer == .status(HopStatus.ok) { return run(circuit, in: node) }
        } else if circuit.inbox.fault == nil {
            return
        }
        refuse(circuit, HopStatus.connectionFailed, in: node)
    }

    /// Both ends agree. What either has sent behind its message waits at its link for the splice.
    private func run(_ circuit: ServedCircuit, in node: NodeContext) {
        asking[circuit.stop.packed] = nil
        forget(circuit.hop)
        node.send(HopCodec.encode(.status(HopStatus.ok, reservation: nil, limit: advertisedLimit)), on: circuit.hop)
        node.release(circuit.hop)
        node.release(circuit.stop)
        circuit.phase = .running(since: node.now)
        circuit.deadline = .distantFuture
        if let seconds = circuit.limit.seconds {
            circuit.deadline = node.now + .seconds(UInt64(seconds))
            soonest = min(soonest, circuit.deadline)
        }
        totals.circuitsOpened += 1
        node.append(.splice(circuit: circuit.id, circuit.hop, circuit.stop, limit: circuit.limit))
        node.emit(.relay(.circuitOpened(circuit: circuit.id, source: circuit.source, target: circuit.target, limit: circuit.limit)))
    }

    func timeIsOver(for circuit: ServedCircuit, in node: NodeContext) {
        switch circuit.phase {
        case .asking: refuse(circuit, HopStatus.connectionFailed, in: node)
        case .running:
            // The circuit's shares become free when the shell reports that it has ended.
            circuit.outOfTime = true
            circuit.deadline = .distantFuture
            node.append(.endSplice(circuit: circuit.id))
        }
    }

    /// A circuit has ended. `sent`: the bytes from its source to its target. `returned`: those from target to source. `limit`: the limit
    /// that ended it.
    public func spliceEnded(circuit id: UInt32, sent: UInt64, returned: UInt64, limit: LimitName?, in node: NodeContext) {
        guard let circuit = circuits[id], case .running(let since) = circuit.phase else { return }
        remove(circuit, in: node)
        totals.bytesMoved &+= sent &+ returned
        node.emit(
            .relay(
                .circuitClosed(
                    circuit: id, source: circuit.source, target: circuit.target, sent: sent, returned: returned, lasted: node.now - since,
                    limit: limit ?? (circuit.outOfTime ? .circuitDuration : nil))))
    }
}
