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
    /// a: a `ReservationState`; parts: a fault, a reservation.
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
    /// Asks for a description that offers. a: the link.
    case peerOffer
    /// Asks for a description that answers. a: the link; bytes: the remote's description.
    case peerAnswer
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
