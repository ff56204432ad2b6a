import CausewayConnection
package import CausewayIdentity
import CausewayNode

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

// What the node does with its local network.
extension NativeShell: LocalNetworkHost {
    var peerID: PeerID { node.peerID }

    /// Dials that wait are begun again, before those end that began at an address which the machine has lost. Connections from such an
    /// address are dead. All others are asked for a sign of life, and what failed before is tried again.
    func networkChanged(_ change: NetworkChange) {
        if change.hasSlept { node.setUnixEpoch(WallClock.unixEpoch(), now: loop.now) }
        driver.machineChanged()
        for linkLoop in linkLoops {
            linkLoop.loop.run {
                linkLoop.failLinks(from: change.lost)
                if !linkLoop.isFirst { linkLoop.links.probe() }
            }
        }
        tellBound()
    }

    /// Asks a peer for a sign of life on each connection to it: those on which none comes within `ConnectionLimits.probeTimeout` end.
    package func probe(_ peer: PeerID) {
        onNode { [self] node in
            for connection in node.connectionDescriptions where connection.peer == peer {
                let linkLoop = linkLoop(of: connection.id)
                linkLoop.loop.run { linkLoop.links.probe(connection.id) }
            }
        }
    }

    func portMappingChanged(_ change: PortMappingChange, _ addresses: [OwnAddress]?) {
        tell { node, now in node.portMappingChanged(change, addresses: addresses, now: now) }
    }

    func found(_ peer: PeerID, _ addresses: [Multiaddr]) {
        tell { node, now in node.found(peer, addresses: addresses, now: now) }
    }

    /// At the start, on the first loop.
    func watchNetwork() {
        networkWatch = NetworkWatch(
            of: self, mapsPorts: configuration.mapsPorts, findsPeers: configuration.findsLocalPeers, configuration.network)
        networkWatch?.look()
    }

    /// Asks the gateway what it can do, and changes nothing there. Returns within `time`, sooner if it has answered to everything; nil if
    /// this machine has no gateway. Call it between `start` and `stop`.
    package func probeGateway(within time: Interval = .milliseconds(1500)) async -> GatewayReport? {
        await withUnsafeContinuation { continuation in
            first.loop.run { [self] in
                guard !isStopping, let gateway = configuration.network().gateway,
                    let probe = try? GatewayProbe(gateway, on: loop, within: time, then: { continuation.resume(returning: $0) })
                else { return continuation.resume(returning: nil) }
                probes.removeAll { $0.isOver }
                probes.append(probe)
                probe.begin()
            }
        }
    }
}

extension LinkLoop {
    fileprivate func failLinks(from lost: [[UInt8]]) {
        guard !lost.isEmpty else { return }
        links.fail(.link(errno: EADDRNOTAVAIL)) { carrier in
            guard let address = (carrier as? SocketCarrier)?.socket?.localAddress else { return false }
            return lost.contains(address.ip)
        }
    }
}
