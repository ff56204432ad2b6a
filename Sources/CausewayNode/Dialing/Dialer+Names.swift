import CausewayConnection
import CausewayIdentity

// Turns names into addresses before they are dialled.
extension Dialer {
    func needsLookUp(_ address: Multiaddr) -> Bool {
        guard !address.isCircuit, case .name(let kind, _)? = address.host else { return false }
        // A `/dnsaddr` does not say which transport it leads to.
        return kind == .dnsaddr || (isSupported(address) && hasResolver)
    }

    /// Whether the shell answers `NodeOutput.resolve`.
    var hasResolver: Bool { !transports.contains(.hostNames) }

    /// Requests look-ups of names while there is room; addresses that need no look-up may use half of it. Returns whether one was
    /// requested. In a page, the browser looks names up.
    func lookUpNames(_ dial: PeerDial, in node: NodeState) -> Bool {
        #if hasFeature(Embedded)
            return false
        #else
            var hasStarted = false
            for attempt in dial.attempts where attempt.isWaiting && attempt.isName {
                guard byLink.count < node.limits.dials, dial.lookUps < max(1, node.limits.dialsPerPeer / 2) else { break }
                guard mayStart(attempt, in: node) else { continue }
                hasStarted = true
                begin(attempt, .resolving, in: node)
                node.append(.resolve(request: attempt.link, address: attempt.address))
            }
            return hasStarted
        #endif
    }

    func resolved(request: UInt32, addresses: [Multiaddr], code: Int32, in node: NodeState) {
        guard let attempt = byLink[request], attempt.step == .resolving, let dial = dials[attempt.peer.bytes] else { return }
        var usable: [Multiaddr] = []
        for address in addresses {
            // A name may lead to many peers.
            if let peer = address.peerID, peer != dial.peer { continue }
            usable.append(Dialer.withServerName(of: attempt.address, address.withoutPeerID))
        }
        if usable.isEmpty {
            finish(attempt, .unresolved(code: code), in: node)
        } else {
            byLink[request] = nil
            attempt.step = .over
            let isRecord = if case .name(.dnsaddr, _)? = attempt.address.host { true } else { false }
            for address in usable {
                add(address, to: dial, attempt.origin, level: isRecord ? attempt.level + 1 : attempt.level, in: node)
            }
        }
        settle(in: node)
    }

    /// The address with `/tls/sni/<name>` where it does not name the server already, so that TLS still checks the name.
    static func withServerName(of named: Multiaddr, _ address: Multiaddr) -> Multiaddr {
        guard case .name(let kind, let name)? = named.host, kind != .dnsaddr, address.transport == .webSocket(secure: true),
            address.sni == nil, case .ip? = address.host
        else { return address }
        return address.naming(server: name)
    }
}
