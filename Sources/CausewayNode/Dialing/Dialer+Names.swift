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
    func lookUpNames(_ dial: PeerDial, in node: NodeContext) -> Bool {
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

    func resolved(request: UInt32, addresses: [Multiaddr], code: Int32, in node: NodeContext) {
        guard let attempt = byLink[request], attempt.step == .resolving, let dial = dials[attempt.key],
            case .name(let kind, let name)? = attempt.address.host
        else { return }
        var usable: [Multiaddr] = []
        for address in addresses {
            // A name may lead to many peers.
            if let peer = address.peerID, peer != dial.peer { continue }
            usable.append(address.withoutPeerID)
        }
        if usable.isEmpty {
            finish(attempt, .unresolved(code: code), in: node)
        } else {
            byLink[request] = nil
            attempt.step = .over
            for address in usable {
                if kind == .dnsaddr {
                    add(address, to: dial, attempt.origin, attempt.policy, level: attempt.level + 1, in: node)
                } else {
                    // Whoever gets the address from us has to check the certificate for the name, too.
                    let isUnnamed = address.transport == .webSocket(secure: true) && address.sni == nil
                    let full = isUnnamed ? address.naming(server: name) : address
                    add(full, hostName: name, to: dial, attempt.origin, attempt.policy, level: attempt.level, in: node)
                }
            }
        }
        settle(in: node)
    }
}
