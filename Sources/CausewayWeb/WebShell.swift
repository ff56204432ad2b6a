import CWasmRT
import CausewayConnection
import CausewayIdentity
import CausewayNode

/// Drives the page's node: commands in, events out, and one `turn` that works everything off. It owns no socket and no timer; the page
/// does.
final class WebShell: LinkShell {
    private(set) var now = Instant(nanoseconds: 0)
    private(set) var node: Node?
    private(set) var identity: NoiseIdentity?
    private var links = Table<UInt32, WebLink>()
    /// The links' numbers, in the order in which they were made.
    private var order: [UInt32] = []
    private var queue: [WebLink] = []
    private var streams = Table<UInt32, WebStream>()
    /// Between two announcements to the discovery topics; 0: the topics' own.
    var announcementInterval = Interval.milliseconds(0)
    private var lastAccepted: UInt32 = 1
    private var lastInbound: UInt32 = 1

    // MARK: Turns

    /// Works off `input`, what is due and everything that follows from it.
    func turn(_ input: (Node) -> Void) -> Instant {
        guard let node else { return .distantFuture }
        input(node)
        advance(node)
        repeat {
            var next = 0
            while next < queue.count {
                pump(queue[next], node)
                next += 1
            }
            queue.removeAll(keepingCapacity: true)
            while let output = node.pollOutput() { perform(output, node) }
        } while !queue.isEmpty
        return nextDeadline(node)
    }

    func setTime(_ now: Instant) { self.now = max(self.now, now) }

    private func advance(_ node: Node) {
        if node.nextDeadline <= now { node.advance(to: now) }
        for id in order {
            guard let link = links[id]?.link, link.multiplexer.nextDeadline <= now else { continue }
            link.advance(to: now)
        }
    }

    private func nextDeadline(_ node: Node) -> Instant {
        var soonest = node.nextDeadline
        for id in order {
            if let link = links[id]?.link { soonest = min(soonest, link.multiplexer.nextDeadline) }
        }
        return soonest
    }

    private func pump(_ webLink: WebLink, _ node: Node) {
        webLink.isQueued = false
        guard let link = webLink.link, links[webLink.id] === webLink else { return }
        repeat { link.turn(now: now) } while webLink.flush()
        for event in link.takeEvents() { node.receive(event, from: webLink.id, now: now) }
        if webLink.isDone { forget(webLink) }
    }

    /// A link is over: what carries it is closed after what it was given to send.
    private func forget(_ webLink: WebLink) {
        webLink.release()
        links[webLink.id] = nil
        order.removeAll { $0 == webLink.id }
    }

    func enqueue(_ webLink: WebLink) {
        guard !webLink.isQueued else { return }
        webLink.isQueued = true
        queue.append(webLink)
    }

    // MARK: From links

    func linkIsDirty(_ link: Link) {
        guard let webLink = links[link.id], webLink.link === link else { return }
        enqueue(webLink)
    }

    func streamOpened(_ stream: UInt32, entry: ProtocolTable.Entry, on link: Link) {
        guard let peer = link.multiplexer.remotePeer else { return }
        lastInbound &+= 2
        let one = WebStream(lastInbound, shell: self)
        streams[one.number] = one
        var parts = PartsWriter()
        parts.add(peer.text)
        parts.add(entry.name)
        parts.add(UInt8(link.multiplexer.isLimited ? 1 : 0))
        WebEvent.streamOpened.tell(one.number, link.id, parts.bytes)
        one.attach(link.setOwner(one, of: stream), on: link)
    }

    func ended(_ stream: WebStream, _ error: StreamError?) {
        streams[stream.number] = nil
        tellEnd(of: stream.number, error.map { Fault($0) } ?? Fault(kind: .none))
    }

    private func tellEnd(of stream: UInt32, _ fault: Fault) {
        var parts = PartsWriter()
        parts.add(UInt64(fault.value))
        parts.add(fault.moved)
        WebEvent.streamClosed.tell(stream, fault.kind.rawValue, parts.bytes)
    }

    // MARK: What the node asks for

    private func perform(_ output: NodeOutput, _ node: Node) {
        switch output {
        case .event(let event): tell(event, now: now)
        case .link(let id, let command): perform(command, on: id, node)
        case .dial(let id, let address, let expecting):
            dial(id, address, expecting)
        // A page has no resolver; host names go to the WebSocket as they are.
        case .resolve(let request, _): node.resolved(request: request, addresses: [], code: 0, now: now)
        case .circuit(let id, let over, let initiator, let expecting, let limit, let received):
            openCircuit(id, over, initiator, expecting, limit, received, node)
        case .splice(let circuit, let source, let target, _, _):
            links[source.link]?.link?.apply(.reset(stream: source.stream), now: now)
            links[target.link]?.link?.apply(.reset(stream: target.stream), now: now)
            node.spliceEnded(circuit: circuit, sent: 0, returned: 0, limit: nil, now: now)
        case .peerConnection(let id, let command): perform(command, on: id, node)
        case .endSplice: break
        }
    }

    private func dial(_ id: UInt32, _ address: Multiaddr, _ expecting: PeerID?) {
        if address.transport == .webRTCDirect {
            add(WebLink(id, .peerConnection, address: address, expecting: expecting))
            tellDial(id, address)
        } else {
            add(WebLink(id, .webSocket, address: address, expecting: expecting))
            WebEvent.socketConnect.tell(id, 0, address.text)
        }
    }

    private func perform(_ command: LinkCommand, on id: UInt32, _ node: Node) {
        guard let webLink = links[id] else { return }
        if let link = webLink.link {
            link.apply(command, now: now)
        } else if case .close(let reason) = command {
            forget(webLink)
            node.receive(.closed(.closed(reason)), from: id, now: now)
        }
    }

    private func openCircuit(
        _ id: UInt32, _ over: StreamKey, _ initiator: Bool, _ expecting: PeerID?, _ limit: CircuitLimit?, _ received: [UInt8], _ node: Node
    ) {
        let webLink = WebLink(id, .circuit, expecting: expecting)
        guard let outer = links[over.link]?.link,
            let inner = makeLink(
                webLink, isInitiator: initiator, isLimited: limit != nil, limits: CircuitTransport.limits(inside: limits(node)))
        else {
            node.receive(.closed(.link(errno: 0)), from: id, now: now)
            return
        }
        add(webLink)
        CircuitTransport(inner: inner, over: outer, stream: over.stream, limit: limit, now: now).start(received: received, now: now)
        enqueue(webLink)
    }

    func limits(_ node: Node) -> ConnectionLimits { node.configuration.limits.connection }

    func add(_ webLink: WebLink) {
        links[webLink.id] = webLink
        order.append(webLink.id)
    }

    private func makeLink(_ webLink: WebLink, isInitiator: Bool, isLimited: Bool, limits: ConnectionLimits) -> Link? {
        guard let node, let identity else { return nil }
        var configuration = Connection.Configuration(
            identity: identity, isInitiator: isInitiator, expecting: webLink.expecting, protocols: node.protocolTable, limits: limits,
            entropy: secretBytes(Connection.entropySize))
        configuration.isLimited = isLimited
        let connection = Connection(configuration, now: now)
        webLink.connection = connection
        let link = Link(id: webLink.id, connection: connection, shell: self, now: now)
        webLink.link = link
        return link
    }

    // MARK: From the page

    /// Makes the node. False: it was made before, or the key is none.
    func start(_ flags: WebFlags, seed: [UInt8], agent: [UInt8], unixEpoch: UInt64) -> Bool {
        guard node == nil, let key = try? PrivateKey(ed25519Seed: seed),
            let noise = try? NoiseIdentity(key, staticSecret: secretBytes(32))
        else { return false }
        identity = noise
        var configuration = NodeConfiguration(identity: key, seed: secretBytes(8).littleEndian(width: 8), unixEpoch: unixEpoch)
        if !agent.isEmpty { configuration.agent = agent }
        configuration.transports = flags.contains(.plainWebSocket) ? DialTransports.browser.union(.webSocket) : .browser
        if flags.contains(.webRTC) { configuration.transports.insert(.webRTCDirect) }
        // A page relays for nobody, and what is not named here is not linked.
        var parts = NodeParts()
        parts.relayClient = RelayClient(limits: RelayClientLimits())
        if flags.contains(.webRTC) { parts.signalling = Signalling() }
        if flags.contains(.gossip) { addGossip(flags, to: &parts) }
        let made = Node(configuration, parts: parts, now: now)
        node = made
        WebEvent.started.tell(0, 0, made.peerID.text)
        return true
    }

    private func addGossip(_ flags: WebFlags, to parts: inout NodeParts) {
        var gossip = GossipSubConfiguration()
        gossip.floodPublish = flags.contains(.floodPublish)
        gossip.requireSubscribers = !flags.contains(.publishToNobody)
        parts.gossip = GossipSub(gossip)
        var topics: [DiscoveryTopic] = []
        if flags.contains(.protobufDiscovery) { topics.append(.protobuf) }
        if flags.contains(.jsonDiscovery) { topics.append(.json) }
        if announcementInterval > .milliseconds(0) {
            for index in topics.indices { topics[index] = topics[index].every(announcementInterval) }
        }
        if !topics.isEmpty { parts.discovery = PubsubDiscovery(topics) }
    }

    func socketOpened(_ id: UInt32, _ node: Node) {
        guard let webLink = links[id], webLink.carrier == .webSocket, let address = webLink.address, webLink.link == nil,
            makeLink(webLink, isInitiator: true, isLimited: false, limits: limits(node)) != nil
        else { return }
        node.linked(link: id, remote: address, local: Multiaddr.tcp(ip: [0, 0, 0, 0], port: 0).appending(code: MultiaddrCode.ws), now: now)
        enqueue(webLink)
    }

    func socketReceived(_ id: UInt32, _ bytes: inout [UInt8], _ node: Node) {
        guard let webLink = links[id], let connection = webLink.connection else { return }
        // Within the bytes' lifetime: they are lent to the connection.
        bytes.withUnsafeMutableBytes {
            connection.receive($0, now: now)
            pump(webLink, node)
        }
    }

    /// A WebSocket or a peer connection ended.
    func linkEnded(_ webLink: WebLink, _ node: Node) {
        let id = webLink.id
        if let link = webLink.link {
            link.linkClosed(errno: 0)
            webLink.isBlocked = false
            enqueue(webLink)
        } else {
            forget(webLink)
            node.receive(.closed(.link(errno: 0)), from: id, now: now)
        }
    }

    func setBlocked(_ id: UInt32, _ isBlocked: Bool) {
        guard let webLink = links[id] else { return }
        webLink.isBlocked = isBlocked
        if !isBlocked { enqueue(webLink) }
    }

    func close(_ id: UInt32, _ node: Node) { perform(.close(.application), on: id, node) }

    /// The machine slept or its network changed: whoever does not answer now is gone.
    func probe() {
        for id in order {
            links[id]?.link.map { link in
                link.multiplexer.probe(now: now)
                linkIsDirty(link)
            }
        }
    }

    // MARK: Streams

    func expectStream(_ number: UInt32) { streams[number] = WebStream(number, shell: self) }

    func openStream(_ number: UInt32, to peer: PeerID?, _ protocolIDs: [[UInt8]], allowsLimited: Bool, _ node: Node) {
        guard let stream = streams[number] else { return }
        guard let peer, let id = node.bestLink(for: peer, allowsLimited: allowsLimited), let link = links[id]?.link else {
            return ended(stream, peer.map { node.isConnected($0) } ?? false ? .limitedConnection : .notConnected)
        }
        do throws(StreamError) {
            stream.attach(try link.openStream(protocolIDs, owner: stream, now: now), on: link)
        } catch {
            ended(stream, error)
        }
    }

    /// What a relay still allows a link; nil: it named no limit.
    func remainingLimit(of link: UInt32) -> CircuitLimit? { links[link]?.link?.carrier?.remaining(at: now) }

    func stream(_ number: UInt32) -> WebStream? { streams[number] }

    func link(_ id: UInt32) -> WebLink? { links[id] }

    func secretBytes(_ count: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        bytes.withUnsafeMutableBytes { arc4random_buf($0.baseAddress, count) }
        return bytes
    }
}
