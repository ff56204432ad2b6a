import CausewayConnection
import CausewayIdentity
import CausewayNode

// The page's commands.
extension WebShell {
    /// - Parameters:
    ///   - a: The request, stream or link of the command.
    ///   - input: The command's bytes, lent for the length of the call.
    /// - Returns: For `streamWrite`, how many bytes wait to be sent.
    func carryOut(_ command: WebCommand, _ a: UInt32, _ b: UInt32, _ input: UnsafeMutableRawBufferPointer) -> Int {
        // A link's bytes are read where they lie.
        switch command {
        case .socketReceived:
            socketReceived(a, input)
            return 0
        case .channelReceived:
            channelReceived(a, b, input)
            return 0
        default: break
        }
        let bytes = [UInt8](copying: UnsafeRawBufferPointer(input))
        switch command {
        case .start, .socketReceived, .channelReceived: break
        case .connect, .openStream, .hangUp, .ping, .release: carryOut(command, a, allowsLimited: b == 1, parts(of: input))
        case .cancel: node.cancel(request: a, now: now)
        case .reserve:
            if let address = try? Multiaddr(text: bytes) {
                node.reserve(request: a, relayAddress: address, now: now)
            } else {
                fail(a, Fault(kind: .notRelayAddress))
            }
        case .keepRelays: node.keepRelays(addresses(parts(of: input)), count: Int(clamping: a), now: now)
        case .protocols: setProtocols(parts(of: input), limited: Int(clamping: a))
        case .subscribe: node.subscribe(bytes, now: now)
        case .unsubscribe: node.unsubscribe(bytes, now: now)
        case .publish:
            let parts = parts(of: input)
            node.publish(request: a, topic: parts[0], data: parts[1], now: now)
        case .streamWrite: return streams[a]?.write(bytes) ?? 0
        case .streamFinish: streams[a]?.finish()
        case .streamReset: streams[a]?.reset()
        case .streamConsumed: streams[a]?.consumed(Int(clamping: b))
        case .socketOpened: socketOpened(a)
        case .socketBlocked: setBlocked(a, b == 1)
        case .linkFailed: linkFailed(a, b)
        case .closeLink: perform(.close(.application), on: a)
        case .described: node.described(link: a, description: bytes, now: now)
        case .gathered: node.gathered(link: a, candidate: bytes, now: now)
        case .peerConnected: node.peerConnected(link: a, now: now)
        case .peerDialled: peerDialled(a, bytes)
        case .channelOpened, .channelReady, .channelClosed, .channelDrained: tell(command, b, of: a, bytes)
        case .suspended: probe()
        case .limits, .subscribers, .mesh, .identity, .best: answer(command, a, bytes)
        }
        return 0
    }

    /// Carries out a command for a peer, whose id is the last part.
    private func carryOut(_ command: WebCommand, _ request: UInt32, allowsLimited: Bool, _ given: [[UInt8]]) {
        var parts = given
        guard let name = parts.popLast(), let peer = try? PeerID(text: name) else {
            return fail(request, Fault(kind: .notConnected))
        }
        switch command {
        case .connect:
            node.connect(request: request, peer: peer, addresses: addresses(parts), allowsLimited: allowsLimited, now: now)
        case .openStream: openStream(request, to: peer, parts, allowsLimited: allowsLimited)
        case .hangUp: node.hangUp(peer, now: now)
        case .ping: node.ping(request: request, peer: peer, now: now)
        default: node.release(relay: peer, now: now)
        }
    }

    /// The addresses in the parts. Invalid ones are left out, because the page has checked them.
    private func addresses(_ parts: [[UInt8]]) -> [Multiaddr] {
        var found: [Multiaddr] = []
        for part in parts { if let address = try? Multiaddr(text: part) { found.append(address) } }
        return found
    }

    /// Sets the served protocols. The first `limited` of them are served on limited connections, too.
    private func setProtocols(_ names: [[UInt8]], limited: Int) {
        var entries: [ProtocolTable.Entry] = []
        for index in names.indices {
            entries.append(ProtocolTable.Entry(name: names[index], owner: .application, allowsLimited: index < limited))
        }
        node.setApplicationProtocols(entries, now: now)
    }

    private func openStream(_ number: UInt32, to peer: PeerID, _ protocolIDs: [[UInt8]], allowsLimited: Bool) {
        guard let id = node.bestLink(for: peer, allowsLimited: allowsLimited), let link = webLink(id)?.link else {
            return fail(number, Fault(kind: node.isConnected(peer) ? .limitedConnection : .notConnected))
        }
        let stream = WebStream(number, shell: self)
        do throws(StreamError) {
            stream.attach(try link.openStream(protocolIDs, owner: stream, now: now), on: link)
            streams[number] = stream
        } catch {
            fail(number, Fault(error))
        }
    }

    /// Answers a question at once.
    private func answer(_ question: WebCommand, _ link: UInt32, _ argument: [UInt8]) {
        switch question {
        case .limits: add(webLink(link)?.link?.carrier?.remaining(at: now))
        case .subscribers: for peer in node.subscribers(argument) { add(peer) }
        case .mesh: for peer in node.mesh(argument) { add(peer) }
        case .best:
            if let peer = try? PeerID(text: argument), let link = node.bestLink(for: peer, allowsLimited: true) { add(UInt64(link)) }
        default: if let peer = try? PeerID(text: argument), let known = node.description(of: peer) { add(known) }
        }
        tell(.known)
    }
}
