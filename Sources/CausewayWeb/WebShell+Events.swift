import CausewayConnection
import CausewayIdentity
import CausewayNode

// The node's events for the page.
extension WebShell {
    func tell(_ event: NodeEvent) {
        switch event {
        case .answered(let request, let answer): tell(answer, to: request)
        case .connectionOpened(let connection):
            add(connection.peer)
            add(connection.remoteAddress)
            add(connection.localAddress)
            var flags: ConnectionFlags = []
            if connection.isInbound { flags.insert(.inbound) }
            if connection.path.isLimited { flags.insert(.limited) }
            tell(.connectionOpened, connection.link, flags.rawValue)
        case .connectionClosed(let connection, _): tell(.connectionClosed, connection.link)
        case .peerConnected(let peer):
            add(peer)
            tell(.peerConnected)
        case .peerDisconnected(let peer):
            add(peer)
            tell(.peerDisconnected)
        case .pathChanged(_, let connection): tell(.pathChanged, connection.link)
        case .identified(let peer):
            add(peer)
            tell(.identified)
        case .discovered(let peer, let addresses, let source):
            add(peer)
            add(addresses)
            tell(.discovered, UInt32(source.rawValue))
        case .reservation(let change): tell(change)
        case .dialAttempt(let outcome):
            add(outcome.peer)
            add(outcome)
            tell(.dialAttempt, outcome.isInbound ? 1 : 0)
        case .addressesChanged(let addresses):
            add(addresses)
            tell(.addresses)
        case .message(let message):
            add(message.topic)
            add(message.author)
            add(message.receivedFrom)
            add(message.sequenceNumber)
            add(message.data)
            tell(.message)
        case .subscriptionChanged(let peer, let topic, let isSubscribed):
            add(peer)
            add(topic)
            tell(.subscriptionChanged, isSubscribed ? 1 : 0)
        case .connectionRefused, .notIdentified, .relay: break
        }
    }

    private func tell(_ answer: Answer, to request: UInt32) {
        switch answer {
        case .connected(let connection): tell(.answered, request, connection.link)
        case .notConnected(let outcomes):
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

    private func tell(_ change: ReservationChange) {
        var fault = Fault(kind: .none)
        let state: ReservationState
        switch change.state {
        case .made: state = .made
        case .refreshed: state = .refreshed
        case .lost: state = .lost
        case .failed(let error):
            state = .failed
            fault = Fault(error)
        }
        add(fault.number)
        add(change.reservation ?? Reservation(relay: change.relay, expires: 0, addresses: [], limit: nil))
        tell(.reservation, state.rawValue)
    }

    // MARK: Parts

    func add(_ peer: PeerID?) { add(peer?.text ?? []) }

    func add(_ address: Multiaddr?) { add(address?.text ?? []) }

    private func add(_ addresses: [Multiaddr]) { for address in addresses { add(address) } }

    private func add(_ outcome: DialOutcome) {
        add(outcome.address)
        add(Fault(outcome.result).number)
        add(outcome.took.milliseconds)
    }

    func add(_ peer: PeerDescription) {
        add(peer.peer)
        add(peer.agent)
        add(peer.protocolVersion)
        add(peer.observedAddress)
        add(UInt64(peer.listenAddresses.count))
        add(peer.listenAddresses)
        for one in peer.protocolIDs { add(one) }
    }

    private func add(_ reservation: Reservation) {
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
