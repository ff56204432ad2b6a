import CausewayConnection
import CausewayIdentity
import CausewayNode
import CausewayTLS
import CausewayWebRTC

// Peer connections of `/webrtc`, under the numbers of the links that they are to carry.
extension LinkLoop {
    func carryOut(_ command: PeerConnectionCommand, on id: UInt32) {
        switch command {
        case .offer(let servers): begin(id, answering: nil, servers)
        case .answer(let offer, let servers): begin(id, answering: offer, servers)
        case .accept(let answer): accept(answer, on: id)
        case .candidate(let candidate): association(id)?.add(candidate: candidate)
        case .carry(let peer, let key): carry(peer, key, on: id)
        case .close: links.remove(id)
        }
    }

    private func association(_ id: UInt32) -> AssociationCarrier? { links.carrier(of: id) as? AssociationCarrier }

    private func begin(_ id: UInt32, answering offer: [UInt8]?, _ servers: [Multiaddr]) {
        guard !links.isClosing, let context = try? shell.certificates().context else { return refuse(id, .notConnected) }
        let port = PeerConnectionPort(on: self, context)
        do throws(SDPError) {
            let session = try port.open(answering: offer, servers: servers.compactMap { Endpoint($0) })
            guard let session else { return refuse(id, .notConnected) }
            let carrier = AssociationCarrier(id, session, by: port, port: port)
            insert(carrier)
            port.begin(carrier, session)
        } catch {
            port.close()
            refuse(id, .badDescription)
        }
    }

    /// The node's `close`, which follows, finds nothing.
    private func refuse(_ id: UInt32, _ fault: SignallingFault) {
        shell.forget(id)
        shell.tell { node, now in node.peerFailed(link: id, fault, now: now) }
    }

    private func accept(_ answer: [UInt8], on id: UInt32) {
        do throws(SDPError) {
            try association(id)?.accept(answer)
        } catch {
            shell.tell { node, now in node.peerFailed(link: id, .badDescription, now: now) }
        }
    }

    private func carry(_ peer: PeerID, _ key: PublicKey, on id: UInt32) {
        if let carrier = association(id) { return carrier.carry(peer, key) }
        // It has ended meanwhile.
        shell.tell([.closed(.link(errno: 0))], from: id)
    }
}

extension Endpoint {
    /// Of `/ip4/…/udp/…` or `/ip6/…/udp/…`.
    fileprivate init?(_ address: Multiaddr) {
        guard case .ip(let ip)? = address.host, let port = address.port else { return nil }
        self.init(ip: ip, port: port)
    }
}
