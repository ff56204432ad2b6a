import CausewayConnection
import CausewayIdentity
import CausewayNode

// What the page hears of its node, as numbers and parts.
extension WebShell {
    func tell(_ event: NodeEvent, now: Instant) {
        switch event {
        case .answered(let request, let answer): tell(answer, to: request)
        case .connectionOpened(let connection):
            WebEvent.connectionOpened.tell(connection.link, flags(connection), ends(connection))
        case .connectionClosed(let connection, let error):
            WebEvent.connectionClosed.tell(connection.link, Fault(error).kind.rawValue, ends(connection))
        case .peerConnected(let peer): WebEvent.peerConnected.tell(0, 0, peer.text)
        case .peerDisconnected(let peer): WebEvent.peerDisconnected.tell(0, 0, peer.text)
        case .pathChanged(_, let connection): WebEvent.pathChanged.tell(connection.link, 0, ends(connection))
        case .identified(let peer): WebEvent.identified.tell(0, 0, described(peer))
        case .discovered(let peer, let addresses, let source):
            WebEvent.discovered.tell(UInt32(source.rawValue), 0, parts([peer.text], addresses))
        case .reservation(let change): tell(change)
        case .dialAttempt(let outcome):
            let fault = Fault(outcome.result)
            var parts = PartsWriter()
            parts.add(outcome.peer?.text ?? [])
            parts.add(outcome.address.text)
            parts.add(fault.value)
            WebEvent.dialAttempt.tell(fault.kind.rawValue, UInt32(clamping: outcome.took.milliseconds), parts.bytes)
        case .addressesChanged: WebEvent.addresses.tell(0, 0, ownAddresses())
        case .message(let message): tell(message)
        case .connectionRefused, .notIdentified, .relay: break
        }
    }

    private func tell(_ answer: Answer, to request: UInt32) {
        switch answer {
        case .connected(let link): WebEvent.connected.tell(request, link)
        case .notConnected(let outcomes):
            var parts = PartsWriter()
            for outcome in outcomes {
                let fault = Fault(outcome.result)
                parts.add(outcome.address.text)
                parts.add(UInt8(truncatingIfNeeded: fault.kind.rawValue))
                parts.add(fault.value)
                parts.add(UInt32(clamping: outcome.took.milliseconds))
            }
            WebEvent.connected.tell(request, 0, parts.bytes)
        case .reserved(let reservation): WebEvent.reserved.tell(request, 1, described(reservation))
        case .notReserved(let error):
            let fault = Fault(error)
            var parts = PartsWriter()
            parts.add(UInt8(truncatingIfNeeded: fault.kind.rawValue))
            parts.add(fault.value)
            WebEvent.reserved.tell(request, 0, parts.bytes)
        case .pong(let time): WebEvent.pong.tell(request, UInt32(clamping: min(time.nanoseconds / 1000, 0xffff_fffe)))
        case .noPong(let error): WebEvent.pong.tell(request, .max, [UInt8(truncatingIfNeeded: Fault(error).kind.rawValue)])
        case .published(let peers): WebEvent.published.tell(request, UInt32(clamping: peers))
        case .notPublished(let error): tell(error, to: request)
        case .cancelled: break
        }
    }

    private func tell(_ error: PublishError, to request: UInt32) {
        var parts = PartsWriter()
        switch error {
        case .tooLarge(let limit):
            parts.add(UInt8(1))
            parts.add(UInt32(clamping: limit))
        case .noSubscribers: parts.add(UInt8(2))
        case .badTopic: parts.add(UInt8(3))
        case .off: parts.add(UInt8(4))
        }
        WebEvent.published.tell(request, .max, parts.bytes)
    }

    private func tell(_ change: ReservationChange) {
        var fault = Fault(kind: .none)
        let state: UInt32
        switch change.state {
        case .made: state = 0
        case .refreshed: state = 1
        case .lost: state = 2
        case .failed(let error):
            state = 3
            fault = Fault(error)
        }
        let known = change.reservation ?? Reservation(relay: change.relay, expires: 0, addresses: [], limit: nil)
        WebEvent.reservation.tell(state, fault.kind.rawValue, described(known))
    }

    private func tell(_ message: GossipMessage) {
        var parts = PartsWriter()
        parts.add(message.topic)
        parts.add(message.author?.text ?? [])
        parts.add(message.receivedFrom.text)
        parts.add(message.sequenceNumber)
        parts.add(message.data)
        WebEvent.message.tell(0, 0, parts.bytes)
    }

    // MARK: Parts

    private func parts(_ first: [[UInt8]], _ addresses: [Multiaddr]) -> [UInt8] {
        var parts = PartsWriter()
        for one in first { parts.add(one) }
        for address in addresses { parts.add(address.text) }
        return parts.bytes
    }

    private func ends(_ connection: ConnectionDescription) -> [UInt8] {
        parts([connection.peer.text], [connection.remoteAddress, connection.localAddress])
    }

    /// 1 inbound, 2 limited, 4 relayed.
    private func flags(_ connection: ConnectionDescription) -> UInt32 {
        (connection.isInbound ? 1 : 0) | (connection.limit != nil ? 2 : 0) | (connection.remoteAddress.transport == .circuit ? 4 : 0)
    }

    private func described(_ peer: PeerDescription) -> [UInt8] {
        var parts = PartsWriter()
        parts.add(peer.peer.text)
        parts.add(peer.agent)
        addRest(of: peer, to: &parts)
        return parts.bytes
    }

    private func addRest(of peer: PeerDescription, to parts: inout PartsWriter) {
        parts.add(UInt32(clamping: peer.listenAddresses.count))
        for address in peer.listenAddresses { parts.add(address.text) }
        for one in peer.protocolIDs { parts.add(one) }
    }

    private func described(_ reservation: Reservation) -> [UInt8] {
        var parts = PartsWriter()
        parts.add(reservation.relay.text)
        parts.add(reservation.expires)
        parts.add(reservation.limit)
        for address in reservation.addresses { parts.add(address.text) }
        return parts.bytes
    }

    private func ownAddresses() -> [UInt8] {
        guard let node else { return [] }
        return parts([], node.advertisedAddresses.map { $0.appending(node.peerID) })
    }

    // MARK: Questions

    /// The answer to `WebCommand.query`: 2 connections, 3 a topic's subscribers, 4 its mesh, 5 what identify told of a peer.
    func answer(_ request: UInt32, _ question: UInt32, _ argument: [UInt8], _ node: Node) {
        var parts = PartsWriter()
        switch question {
        case 2: for connection in node.connectionDescriptions { add(connection, to: &parts) }
        case 3: for one in node.subscribers(argument) { parts.add(one.text) }
        case 4: for one in node.mesh(argument) { parts.add(one.text) }
        default:
            if let peer = try? PeerID(text: argument), let known = node.description(of: peer) {
                parts.add(known.agent)
                parts.add(known.protocolVersion)
                parts.add(known.observedAddress?.text ?? [])
                addRest(of: known, to: &parts)
            }
        }
        WebEvent.answer.tell(request, question, parts.bytes)
    }

    private func add(_ connection: ConnectionDescription, to parts: inout PartsWriter) {
        parts.add(connection.link)
        parts.add(connection.peer.text)
        parts.add(connection.remoteAddress.text)
        parts.add(UInt8(truncatingIfNeeded: flags(connection)))
        parts.add(remainingLimit(of: connection.link))
    }
}
