import CausewayConnection
import CausewayIdentity
import CausewayNode

// WebRTC. The page has the peer connections and their data channels, under the links' numbers.
extension WebShell {
    func perform(_ command: PeerConnectionCommand, on id: UInt32) {
        switch command {
        case .offer(let servers):
            add(servers)
            tell(.peerOffer, id)
        case .answer(let description, let servers):
            add(description)
            add(servers)
            tell(.peerAnswer, id)
        case .accept(let description): WebEvent.peerAccept.tell(id, 0, description)
        case .candidate(let candidate): WebEvent.peerCandidate.tell(id, 0, candidate)
        case .carry(let peer, let key):
            let webLink = WebLink(id, .peerConnection(nil))
            add(webLink)
            drive(DataChannelConnection(), webLink).establish(peer, key)
        case .close: WebEvent.linkReleased.tell(id)
        }
    }

    @discardableResult
    private func drive(_ channels: DataChannelConnection, _ webLink: WebLink) -> StreamMachine {
        let streams = StreamMachine(over: channels, protocols: node.protocolTable, limits: limits, now: now)
        webLink.carrier = .peerConnection(channels)
        webLink.link = Link(id: webLink.id, multiplexer: streams, shell: self, now: now)
        markDirty(webLink)
        WebEvent.peerCarried.tell(webLink.id)
        return streams
    }

    /// Channel 0 of a dialled peer connection is open. `certificate`: the SHA-256 of our certificate.
    func peerDialled(_ id: UInt32, _ certificate: [UInt8]) {
        guard let webLink = webLink(id), let address = webLink.address, case .peerConnection(nil) = webLink.carrier,
            certificate.count == 32, let remote = address.certificateHash
        else { return }
        let handshake = DataChannelHandshake(
            isListener: false, expecting: webLink.expecting, identity: identity, ephemeralSecret: randomSecret(32),
            certificates: (certificate, remote))
        drive(DataChannelConnection(handshake: handshake), webLink)
        node.linked(link: id, remote: address, local: Multiaddr.webRTC, now: now)
    }

    func tell(_ command: WebCommand, _ channel: UInt32, of id: UInt32, _ bytes: [UInt8]) {
        guard let webLink = webLink(id), case .peerConnection(let channels?) = webLink.carrier else { return }
        switch command {
        case .channelOpened: channels.channelOpened(channel, now: now)
        case .channelReady: channels.channelReady(channel, now: now)
        case .channelClosed: channels.channelClosed(channel, now: now)
        default: channels.channelDrained(channel, buffered: Int(clamping: UInt64(littleEndian: bytes)), now: now)
        }
        markDirty(webLink)
    }

    /// Processes the bytes at once, because they are lent.
    func channelReceived(_ id: UInt32, _ channel: UInt32, _ bytes: UnsafeMutableRawBufferPointer) {
        guard let webLink = webLink(id), case .peerConnection(let channels?) = webLink.carrier else { return }
        channels.received(channel, bytes, now: now)
        pump(webLink)
    }
}
