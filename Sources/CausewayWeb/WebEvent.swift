import CausewayNode

/// What the module tells the page. `Scripts/boundary.py` gives the page these numbers and comments.
///
/// A fault is eight bytes (`Fault`), an outcome three parts: address, fault, milliseconds. A reservation is relay, Unix time of its end
/// (0: none), bytes and seconds that a circuit may carry (each empty without a limit), addresses.
enum WebEvent: UInt32 {
    // The bytes of these are parts.

    /// parts: the node's own peer.
    case started
    /// a: the request; b: the connection's link, a round trip's microseconds, or how many peers a message went to; parts: a reservation.
    case answered
    /// a: the request; b: 1 if there is one fault, 0 if there are outcomes; parts: those.
    case failed
    /// a: the link; b: `ConnectionFlags`; parts: peer, remote address, local address.
    case connectionOpened
    /// a: the link.
    case connectionClosed
    /// parts: the peer.
    case peerConnected
    /// parts: the peer.
    case peerDisconnected
    /// A peer is reached another way. a: the link.
    case pathChanged
    /// parts: peer, agent, protocol version, own address as the peer sees it, the number of its addresses, those, its protocols.
    case identified
    /// a: 1 if JSON said so, 0 if Protobuf did; parts: peer, addresses.
    case discovered
    /// a: a `ReservationState`; b: how many outcomes; parts: a fault, those (of a relay that was not reached), a reservation.
    case reservation
    /// a: 1 if the remote began; parts: peer, outcome.
    case dialAttempt
    /// parts: the node's own addresses.
    case addresses
    /// parts: topic, author (empty: not signed), neighbour, sequence number (big-endian), data.
    case message
    /// a: 1 if the peer subscribed, 0 if it left; parts: peer, topic.
    case subscriptionChanged
    /// The remote has the end of what was written, or cannot get it. a: the stream; b: the link whose socket carried it; parts: a fault.
    case streamDelivered
    /// a: the stream; parts: a fault, and for a circuit's limit how many bytes had moved.
    case streamClosed
    /// a: the link; parts: address, and the hash of the certificate (empty: by WebSocket).
    case dial
    /// Asks for a description that offers. a: the link; parts: addresses of STUN servers.
    case peerOffer
    /// Asks for a description that answers. a: the link; parts: the remote's description, then addresses of STUN servers.
    case peerAnswer

    // The bytes of these are one string. The page knows `streamOpened` as the first of them.

    /// a: the stream's number, which is odd; b: the link; bytes: the protocol.
    case streamOpened
    /// Answers `openStream`. a: the stream; b: the link; bytes: the protocol that the remote chose.
    case streamReady
    /// a: the stream; bytes: what the remote wrote.
    case streamReceived
    /// a: the stream.
    case streamWritable
    /// The remote has finished writing. a: the stream.
    case streamFinished
    /// a: the link; bytes: a WebSocket's message.
    case socketSend
    /// What carries the link is to be closed, after what it was given to send. a: the link.
    case linkReleased
    /// a: the link; bytes: the remote's answer.
    case peerAccept
    /// a: the link; bytes: the remote's candidate, JSON.
    case peerCandidate
    /// The module drives the peer connection from now on. a: the link.
    case peerCarried
    /// a: the link; b: the channel.
    case channelOpen
    /// a: the link; b: the channel; bytes: one message.
    case channelSend
    /// a: the link; b: the channel.
    case channelClose
    /// The answer to a question, which the page takes at once: parts.
    case known

    func tell(_ a: UInt32, _ b: UInt32, _ bytes: UnsafeRawBufferPointer) {
        hostEvent(rawValue, a, b, bytes.baseAddress, Int32(bytes.count))
    }

    func tell(_ a: UInt32, _ b: UInt32 = 0, _ bytes: [UInt8] = []) { bytes.withUnsafeBytes { tell(a, b, $0) } }
}

@_extern(wasm, module: "host", name: "event")
private func hostEvent(_ kind: UInt32, _ a: UInt32, _ b: UInt32, _ bytes: UnsafeRawPointer?, _ count: Int32)

// How the page is told of what happens to the node.
extension WebShell {
    func tell(_ event: Event) {
        switch event {
        case .connected(let connection):
            add(connection.peer)
            add(connection.remoteAddress)
            add(connection.localAddress)
            var flags: ConnectionFlags = []
            if connection.isInbound { flags.insert(.inbound) }
            if connection.path.isLimited { flags.insert(.limited) }
            tell(.connectionOpened, connection.id, flags.rawValue)
        case .disconnected(let connection, _): tell(.connectionClosed, connection.id)
        case .peerConnected(let peer):
            add(peer)
            tell(.peerConnected)
        case .peerDisconnected(let peer):
            add(peer)
            tell(.peerDisconnected)
        case .pathChanged(_, let connection): tell(.pathChanged, connection.id)
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
        case .subscriptionChanged(let change):
            add(change.peer)
            add(change.topicUTF8)
            tell(.subscriptionChanged, change.isSubscribed ? 1 : 0)
        case .ready, .refused, .notIdentified, .foreignMessageIDs, .relay: break
        }
    }

    private func tell(_ change: ReservationChange) {
        var fault = Fault(kind: .none)
        var outcomes: [DialOutcome] = []
        let state: ReservationState
        switch change.state {
        case .made: state = .made
        case .refreshed: state = .refreshed
        case .lost: state = .lost
        case .failed(let error):
            state = .failed
            fault = Fault(error)
            if case .unreachable(let tried) = error { outcomes = tried }
        }
        add(fault.number)
        for outcome in outcomes { add(outcome) }
        add(change.reservation ?? Reservation(relay: change.relay, expires: 0, addresses: [], limit: nil))
        tell(.reservation, state.rawValue, UInt32(outcomes.count))
    }
}
