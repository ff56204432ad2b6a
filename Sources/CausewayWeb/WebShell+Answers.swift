import CausewayConnection
import CausewayIdentity
import CausewayNode

// What the node delivers to its application, for the page: answers and messages here, events in `WebEvent.swift`.
extension WebShell {
    func tell(_ event: NodeEvent) {
        switch event {
        case .answered(let request, let answer): tell(answer, to: request)
        case .message(let message):
            add(message.topicUTF8)
            add(message.author)
            add(message.receivedFrom)
            add(message.sequenceNumber)
            add(message.data)
            tell(.message)
        case .happened(let event): tell(event)
        }
    }

    private func tell(_ answer: Answer, to request: UInt32) {
        switch answer {
        case .connected(let connection): tell(.answered, request, connection.id)
        case .notConnected(let outcomes), .notReserved(.unreachable(let outcomes)):
            for outcome in outcomes { add(outcome) }
            tell(.failed, request)
        case .reserved(let reservation):
            add(reservation)
            tell(.answered, request)
        case .notReserved(let error): fail(request, Fault(error))
        case .pong(let time): tell(.answered, request, UInt32(clamping: time.nanoseconds / 1000))
        case .noPong(let error): fail(request, Fault(error))
        case .published(let peers): tell(.answered, request, UInt32(clamping: peers))
        case .notPublished(let error): fail(request, Fault(error))
        case .cancelled: break
        }
    }

    /// Reports that a request failed.
    func fail(_ request: UInt32, _ fault: Fault) {
        add(fault.number)
        tell(.failed, request, 1)
    }

    // MARK: Parts

    func add(_ peer: PeerID?) { add(peer?.text ?? []) }

    func add(_ address: Multiaddr?) { add(address?.text ?? []) }

    func add(_ addresses: [Multiaddr]) { for address in addresses { add(address) } }

    func add(_ outcome: DialOutcome) {
        add(outcome.address)
        add(Fault(outcome.result).number)
        add(outcome.took.milliseconds)
    }

    func add(_ peer: PeerDescription) {
        add(peer.peer)
        add(peer.agentUTF8)
        add(peer.protocolVersionUTF8)
        add(peer.observedAddress)
        add(UInt64(peer.listenAddresses.count))
        add(peer.listenAddresses)
        for one in peer.protocolIDsUTF8 { add(one) }
    }

    func add(_ reservation: Reservation) {
        add(reservation.relay)
        add(reservation.expires)
        add(reservation.limit)
        add(reservation.addresses)
    }

    /// Bytes and seconds. Each is empty if there is no such limit.
    func add(_ limit: CircuitLimit?) {
        if let bytes = limit?.bytes { add(bytes) } else { add([UInt8]()) }
        if let seconds = limit?.seconds { add(UInt64(seconds)) } else { add([UInt8]()) }
    }
}
