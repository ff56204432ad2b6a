import CWasmRT
import CausewayConnection
import CausewayIdentity
import CausewayNode

/// A node as a WebAssembly module: `carryOut` takes the page's commands, and `turn` does what follows. The page owns the sockets and the
/// timer.
final class WebShell: LinkShell {
    private(set) var now: Instant
    let node: Node
    let identity: NoiseIdentity
    private let settings: Connection.Settings
    var streams = Table<UInt32, WebStream>()
    private var links: [WebLink] = []
    /// Whether one of the links has work.
    private var isDirty = false
    private var lastInbound: UInt32 = 1
    /// The parts of the event that is being assembled.
    private var message: [UInt8] = []

    /// Makes the node. nil: the key is invalid.
    /// - Parameters:
    ///   - interval: milliseconds between two announcements to a discovery topic.
    ///   - parts: those of `WebCommand.start`. An empty agent is the default.
    init?(_ flags: WebFlags, interval: UInt32, _ parts: [[UInt8]], _ milliseconds: Double) {
        guard parts.count >= 4, let key = try? PrivateKey(ed25519Seed: parts[0]),
            let noise = try? NoiseIdentity(key, staticSecret: randomSecret(32))
        else { return nil }
        now = Instant(milliseconds: milliseconds)
        identity = noise
        var configuration = NodeConfiguration(
            identity: key, seed: UInt64(littleEndian: randomSecret(8)[0..<8]), unixEpoch: UInt64(littleEndian: parts[2]))
        if !parts[1].isEmpty { configuration.agent = parts[1] }
        configuration.transports = .browser
        if flags.contains(.plainWebSocket) { configuration.transports.insert(.webSocket) }
        if flags.contains(.webRTC) { configuration.transports.insert(.webRTCDirect) }
        // A page relays for nobody. Whatever is not named here is not linked.
        let services = NodeServices(core: configuration)
        services.add(relayClient: RelayClient())
        if flags.contains(.webRTC) { services.add(signalling: Signalling()) }
        if flags.contains(.gossip) {
            var gossip = GossipSubConfiguration()
            gossip.floodPublish = flags.contains(.floodPublish)
            gossip.requireSubscribers = !flags.contains(.publishToNobody)
            gossip.limits.message = Int(clamping: UInt64(littleEndian: parts[3]))
            services.add(gossip: GossipSub(gossip))
            var topics: [DiscoveryTopic] = []
            for index in 4..<parts.count {
                let name = parts[index]
                topics.append(
                    DiscoveryTopic(
                        name: [UInt8](copying: name, 1..<name.count), form: name[0] == 1 ? .json : .protobuf,
                        interval: .milliseconds(UInt64(interval)), listenOnly: flags.contains(.listenOnly)))
            }
            if !topics.isEmpty { services.add(PubsubDiscovery(topics)) }
        }
        node = Node(configuration, services: services, now: now)
        settings = Connection.Settings(identity: noise, protocols: node.protocolTable, limits: configuration.limits.connection)
        add(node.peerID)
        tell(.started)
    }

    // MARK: Turns

    /// Processes everything that is due, and what follows from it.
    /// - Returns: the next deadline.
    func turn() -> Instant {
        if node.nextDeadline <= now { node.advance(to: now) }
        for webLink in links {
            if let link = webLink.link, link.multiplexer.nextDeadline <= now { link.advance(to: now) }
        }
        repeat {
            isDirty = false
            for webLink in links where webLink.isDirty { pump(webLink) }
            work()
        } while isDirty
        var soonest = node.nextDeadline
        for webLink in links { if let link = webLink.link { soonest = min(soonest, link.multiplexer.nextDeadline) } }
        return soonest
    }

    /// The page's clock never runs backwards here.
    func setTime(_ milliseconds: Double) { now = max(now, Instant(milliseconds: milliseconds)) }

    func pump(_ webLink: WebLink) {
        webLink.isDirty = false
        guard let link = webLink.link else { return }
        repeat { link.turn(now: now) } while webLink.flush()
        hear(link)
        if webLink.isDone { forget(webLink) }
    }

    /// Does what the node wants done.
    private func work() { while let output = node.pollOutput() { perform(output) } }

    private func hear(_ link: Link) {
        for event in link.takeEvents() { node.receive(event, from: link.id, now: now) }
    }

    // MARK: Links

    func webLink(_ id: UInt32) -> WebLink? {
        for webLink in links where webLink.id == id { return webLink }
        return nil
    }

    func add(_ webLink: WebLink) { links.append(webLink) }

    /// A link has ended. Its carrier is closed after it has sent what it was given.
    func forget(_ webLink: WebLink) {
        WebEvent.linkReleased.tell(webLink.id)
        webLink.link = nil
        for index in links.indices where links[index] === webLink {
            links[index] = links[links.count - 1]
            links.removeLast()
            return
        }
    }

    func markDirty(_ webLink: WebLink) {
        webLink.isDirty = true
        isDirty = true
    }

    func linkIsDirty(_ link: Link) {
        if let webLink = webLink(link.id), webLink.link === link { markDirty(webLink) }
    }

    /// A stream may arrive together with its connection. The page must learn of the connection first.
    func streamOpened(_ stream: UInt32, entry: ProtocolTable.Entry, on link: Link) {
        hear(link)
        work()
        lastInbound &+= 2
        let one = WebStream(lastInbound, shell: self)
        streams[one.number] = one
        WebEvent.streamOpened.tell(one.number, link.id, entry.name)
        one.attach(link.setOwner(one, of: stream), on: link)
    }

    func ended(_ stream: WebStream, _ error: StreamError?) {
        streams[stream.number] = nil
        add(Fault(error).number)
        if case .circuitLimit(_, _, let moved)? = error { add(moved) }
        tell(.streamClosed, stream.number)
    }

    // MARK: The node's outputs

    private func perform(_ output: NodeOutput) {
        switch output {
        case .event(let event): tell(event)
        case .link(let id, let command): perform(command, on: id)
        case .protocols(let table):
            settings.protocols = table
            for webLink in links { webLink.link?.multiplexer.setProtocols(table) }
        case .dial(let id, let target):
            let address = target.address
            let carrier: WebLink.Carrier = address.transport == .webRTCDirect ? .peerConnection(nil) : .webSocket(nil)
            add(WebLink(id, carrier, address: address, expecting: target.expecting))
            add(address)
            add(address.certificateHash ?? [])
            tell(.dial, id)
        case .circuit(let id, let over, let initiator, let expecting, let limit): openCircuit(id, over, initiator, expecting, limit)
        case .peerConnection(let id, let command): perform(command, on: id)
        // A page relays for nobody, and host names go to the WebSocket unchanged (`DialTransports.hostNames`).
        case .splice, .endSplice, .resolve, .cancelResolve: break
        }
    }

    func perform(_ command: LinkCommand, on id: UInt32) {
        guard let webLink = webLink(id) else { return }
        if let link = webLink.link {
            link.apply(command, now: now)
        } else if let reason = command.endOfDial {
            forget(webLink)
            node.receive(.closed(.closed(reason)), from: id, now: now)
        }
    }

    private func openCircuit(_ id: UInt32, _ over: StreamKey, _ initiator: Bool, _ expecting: PeerID?, _ limit: CircuitLimit?) {
        guard let outer = webLink(over.link)?.link else {
            node.receive(.closed(.link(errno: 0)), from: id, now: now)
            return
        }
        let (inner, connection) = makeLink(id, isInitiator: initiator, expecting, isInCircuit: true, isLimited: limit != nil)
        let webLink = WebLink(id, .circuit(connection), expecting: expecting)
        webLink.link = inner
        add(webLink)
        CircuitTransport(inner: inner, connection, over: outer, stream: over.stream, limit: limit, now: now).start(now: now)
        markDirty(webLink)
    }

    var limits: ConnectionLimits { settings.limits }

    private func makeLink(
        _ id: UInt32, isInitiator: Bool, _ expecting: PeerID?, isInCircuit: Bool, isLimited: Bool
    ) -> (Link, Connection) {
        let configuration = settings.configuration(
            isInitiator: isInitiator, expecting: expecting, isInCircuit: isInCircuit, isLimited: isLimited,
            entropy: randomSecret(Connection.entropySize))
        let connection = Connection(configuration, now: now)
        let streams = StreamMachine(over: connection, configuration, now: now)
        return (Link(id: id, multiplexer: streams, shell: self, now: now), connection)
    }

    // MARK: Events of sockets and peer connections

    func socketOpened(_ id: UInt32) {
        guard let webLink = webLink(id), case .webSocket(nil) = webLink.carrier, let address = webLink.address else { return }
        let (link, connection) = makeLink(id, isInitiator: true, webLink.expecting, isInCircuit: false, isLimited: false)
        webLink.link = link
        webLink.carrier = .webSocket(connection)
        node.linked(link: id, remote: address, local: Multiaddr.tcp(ip: [0, 0, 0, 0], port: 0).appending(code: MultiaddrCode.ws), now: now)
        markDirty(webLink)
    }

    /// Processes the bytes at once, because they are lent.
    func socketReceived(_ id: UInt32, _ bytes: UnsafeMutableRawBufferPointer) {
        guard let webLink = webLink(id), case .webSocket(let connection?) = webLink.carrier else { return }
        connection.receive(bytes, now: now)
        pump(webLink)
    }

    func setBlocked(_ id: UInt32, _ isBlocked: Bool) {
        guard let webLink = webLink(id) else { return }
        webLink.isBlocked = isBlocked
        markDirty(webLink)
    }

    /// A WebSocket or a peer connection ended, or could not be opened.
    /// - Parameter why: a `LinkFailure`; more: the page's limit of a message's bytes, which the remote passed.
    func linkFailed(_ id: UInt32, _ why: UInt32) {
        guard let webLink = webLink(id) else {
            return node.peerFailed(link: id, why == LinkFailure.badDescription.rawValue ? .badDescription : .notConnected, now: now)
        }
        let error: ConnectionError = why > LinkFailure.badDescription.rawValue ? .limit(.messageSize, value: UInt64(why)) : .link(errno: 0)
        if let link = webLink.link {
            webLink.isBlocked = false
            link.multiplexer.linkFailed(error, streams: nil)
            markDirty(webLink)
        } else {
            forget(webLink)
            node.receive(.closed(error), from: id, now: now)
        }
    }

    /// The machine slept or its network changed. A remote that does not answer now is gone.
    func probe() {
        node.machineChanged(now: now)
        for webLink in links {
            webLink.link?.multiplexer.probe(now: now)
            markDirty(webLink)
        }
    }

    // MARK: Events

    func add(_ part: [UInt8]) {
        append(UInt64(part.count), width: 4)
        message += part
    }

    func add(_ number: UInt64) {
        append(8, width: 4)
        append(number, width: 8)
    }

    private func append(_ number: UInt64, width: UInt64) {
        for index in 0..<width { message.append(UInt8(truncatingIfNeeded: number >> (8 * index))) }
    }

    /// Reports an event to the page, with the parts that were added.
    func tell(_ event: WebEvent, _ a: UInt32 = 0, _ b: UInt32 = 0) {
        event.tell(a, b, message)
        message = []
    }
}

func randomSecret(_ count: Int) -> Secret { Secret(count: count) { arc4random_buf($0, count) } }

extension Instant {
    init(milliseconds: Double) { self.init(nanoseconds: milliseconds > 0 ? UInt64(milliseconds * 1e6) : 0) }
}
