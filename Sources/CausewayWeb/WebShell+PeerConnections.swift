import CausewayConnection
import CausewayIdentity
import CausewayNode

// WebRTC: the page has the peer connections and their data channels, by the links' numbers.
extension WebShell {
    func perform(_ command: PeerConnectionCommand, on id: UInt32, _ node: Node) {
        switch command {
        case .offer: WebEvent.peerOffer.tell(id)
        case .answer(let description): WebEvent.peerAnswer.tell(id, 0, description)
        case .accept(let description): WebEvent.peerAccept.tell(id, 0, description)
        case .candidate(let candidate): WebEvent.peerCandidate.tell(id, 0, candidate)
        case .carry(let peer, let key):
            let webLink = WebLink(id, .peerConnection)
            add(webLink)
            drive(
                DataChannelConnection(peer: peer, publicKey: key, protocols: node.protocolTable, limits: limits(node), now: now), webLink)
            WebEvent.peerCarried.tell(id)
        case .close: WebEvent.peerClose.tell(id)
        }
    }

    private func drive(_ channels: DataChannelConnection, _ webLink: WebLink) {
        webLink.channels = channels
        webLink.link = Link(id: webLink.id, multiplexer: channels, shell: self, now: now)
        enqueue(webLink)
    }

    /// Parts: host, port and the certificate's SHA-256.
    func tellDial(_ id: UInt32, _ address: Multiaddr) {
        var parts = PartsWriter()
        if case .ip(let ip)? = address.host { parts.add(IPAddressText.text(ip)) } else { parts.add([]) }
        parts.add(UInt32(address.port ?? 0))
        parts.add(address.certificateHash ?? [])
        WebEvent.peerDial.tell(id, 0, parts.bytes)
    }

    /// Channel 0 of a dialled peer connection is open. Part: our certificate's SHA-256.
    func peerDialled(_ id: UInt32, _ certificate: [UInt8], _ node: Node) {
        guard let webLink = link(id), let address = webLink.address, webLink.carrier == .peerConnection, webLink.link == nil, let identity,
            certificate.count == 32, let remote = address.certificateHash
        else { return }
        drive(
            DataChannelConnection(
                expecting: webLink.expecting, identity: identity, ephemeralSecret: secretBytes(32), certificates: (certificate, remote),
                protocols: node.protocolTable, limits: limits(node), now: now), webLink)
        node.linked(link: id, remote: address, local: Multiaddr.webRTC, now: now)
        WebEvent.peerCarried.tell(id)
    }

    /// A peer connection ended, or came to nothing: `isRefused` if it does not take the remote's description.
    func peerFailed(_ id: UInt32, isRefused: Bool, _ node: Node) {
        if let webLink = link(id) {
            linkEnded(webLink, node)
        } else {
            node.peerFailed(link: id, isRefused ? .badDescription : .notConnected, now: now)
        }
    }

    func tell(_ command: WebCommand, _ channel: UInt32, of id: UInt32, _ bytes: [UInt8]) {
        guard let webLink = link(id), let channels = webLink.channels else { return }
        switch command {
        case .channelOpened: channels.channelOpened(channel, now: now)
        case .channelReady: channels.channelReady(channel, now: now)
        case .channelData: bytes.withUnsafeBytes { channels.received(channel, $0, now: now) }
        case .channelClosed: channels.channelClosed(channel, now: now)
        default: channels.channelDrained(channel, buffered: Int(clamping: bytes.littleEndian(width: 4)), now: now)
        }
        enqueue(webLink)
    }
}
