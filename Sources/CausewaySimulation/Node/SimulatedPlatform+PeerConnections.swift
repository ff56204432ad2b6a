import CausewayConnection
import CausewayIdentity
import CausewayNode
import CausewayWebRTC

// What the node wants of peer connections of `/webrtc`.
extension SimulatedPlatform {
    func peerConnection(_ link: UInt32, _ command: PeerConnectionCommand) {
        let carrier = shell.links.carrier(of: link) as? AssociationCarrier
        switch command {
        case .offer(let servers): begin(link, answering: nil, servers)
        case .answer(let offer, let servers): begin(link, answering: offer, servers)
        case .accept(let answer):
            do throws(SDPError) { try carrier?.accept(answer) } catch { fail(link, .badDescription) }
        case .candidate(let candidate): carrier?.add(candidate: candidate)
        case .carry(let peer, let key):
            guard let carrier else { return shell.driver.receive([.closed(.link(errno: 0))], from: link) }
            carrier.carry(peer, key)
        case .close: shell.links.remove(link)
        }
    }

    private func begin(_ link: UInt32, answering offer: [UInt8]?, _ servers: [Multiaddr]) {
        guard let port = try? SimulatedSignalledPort(of: shell) else { return fail(link, .notConnected) }
        do throws(SDPError) {
            let session = try port.makeSession(answering: offer, servers: servers.compactMap { $0.simulatedAddress?.endpoint })
            let carrier = port.begin(link, session)
            shell.driver.input { $0.described(link: link, description: session.description, now: now) }
            carrier.proceed()
        } catch {
            port.close()
            fail(link, .badDescription)
        }
    }

    private func fail(_ link: UInt32, _ fault: SignallingFault) {
        shell.driver.input { $0.peerFailed(link: link, fault, now: now) }
    }
}
