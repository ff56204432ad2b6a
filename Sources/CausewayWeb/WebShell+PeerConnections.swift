import CausewayConnection
import CausewayIdentity
import CausewayNode

// WebRTC. The page has the peer connections and their data channels, under the links' numbers.
extension WebShell {
    func perform(_ command: PeerConnectionCommand, on id: UInt32) {
        switch command {
        case .offer: WebEvent.peerOffer.tell(id)
        case .answer(let description): WebEvent.peerAnswer.tell(id, 0, description)
        case .accept(let description): WebEvent.peerAccept.tell(id, 0, description)
        case .candidate(let candidate): WebEvent.peerCandidate.tell(id, 0, candidate)
        case .carry(let peer, let key):
            let webLink = WebLink(id, .peerConnection)
            add(webLink)
            drive(DataChannelConnection(peer: peer, publicKey: key, protocols: node.protocolTable, limits: limits, now: now), webLink)
        case .close: WebEvent.linkReleased.tell(id)
        }
    }

    private func drive(_ channels: DataChannelConnection, _ webLink: WebLink) {
        webLink.channels = channels
        webLink.link = Link(id: webLink.id, multiplexer: channels, shell: self, now: now)
        markDirty(webLink)
        WebEvent.peerCarried.tell(webLink.id)
    }

    /// Channel 0 of a dialled peer connection is open. `certificate`: the SHA-256 of our certificate.
    func peerDialled(_ id: UInt32, _ certificate: [UInt8]) {
        guard let webLink = webLink(id), let address = webLink.address, webLink.carrier == .peerConnection, webLink.link == nil,
            certificate.count == 32, let remote = address.certificateHash
        else { return }
        drive(
            DataChannelConnection(
                expecting: webLink.expecting, identity: identity, ephemeralSecret: randomSecret(32), certificates: (certificate, remote),
                protocols: node.protocolTable, limits: limits, now: now), webLink)
        node.linked(link: id, remote: address, local: Multiaddr.webRTC, now: now)
    }

    func tell(_ command: WebCommand, _ channel: UInt32, of id: UInt32, _ bytes: [UInt8]) {
        guard let webLink = webLink(id), let channels = webLink.channels else { return }
        switch command {
        case .channelOpened: channels.channelOpened(channel, now: now)
        case .channelReady: channels.channelReady(channel, now: now)
        case .channelReceived: bytes.withUnsafeBytes { channels.received(channel, $0, now: now) }
        case .channelClosed: channels.channelClosed(channel, now: now)
        default: channels.channelDrained(channel, buffered: Int(clamping: UInt64(littleEndian: bytes)), now: now)
        }
        markDirty(webLink)
    }
}
