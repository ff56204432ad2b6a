public import CausewayConnection
public import CausewayIdentity

/// The whole node except its bytes. It finds the protocol that an input concerns, and passes the input on.
///
/// A shell feeds inputs and commands, each with the time, and then drains `pollOutput` until nil. It calls `advance` at `nextDeadline`. The
/// node never calls back. Every command with a `request` is answered by exactly one `NodeEvent.answered`.
public final class Node {
    public let configuration: NodeConfiguration
    public let state: NodeState
    let parts: NodeParts
    let dialer: Dialer
    let identify: Identify
    let ping: Ping
    let review = PathReview()
    var applicationProtocols: [ProtocolTable.Entry] = []
    /// The protocol that serves a name: its index in `NodeState.protocols`.
    private(set) var serving = BytesTable<Int>()
    private var nextOutput = 0

    public convenience init(_ configuration: NodeConfiguration, now: Instant) {
        self.init(configuration, parts: NodeParts(configuration), now: now)
    }

    public init(_ configuration: NodeConfiguration, parts: NodeParts, now: Instant) {
        self.configuration = configuration
        self.parts = parts
        state = NodeState(
            identity: configuration.identity, limits: configuration.limits, seed: configuration.seed, unixEpoch: configuration.unixEpoch,
            now: now)
        dialer = Dialer(transports: configuration.transports, allowsLocalHearsay: configuration.allowsLocalHearsay)
        dialer.circuits = parts.relayClient
        identify = Identify(agent: configuration.agent, protocolVersion: configuration.protocolVersion)
        ping = Ping()
        // The order in which protocols receive events that concern all of them. Identify is first, because the others read what it stores.
        // Gossip comes before discovery, which publishes over it.
        state.protocols = [identify, ping]
        if let relay = parts.relay { state.protocols.append(relay) }
        if let client = parts.relayClient { state.protocols.append(client) }
        if let signalling = parts.signalling {
            dialer.upgrades = true
            state.advertisesWebRTC = true
            state.protocols.append(signalling)
        }
        if let gossip = parts.gossip {
            state.topics = gossip
            state.protocols.append(gossip)
        }
        if let discovery = parts.discovery { state.protocols.append(discovery) }
        if let ledger = parts.ledger { state.protocols.append(ledger) }
        state.listenAddresses = configuration.announce
        state.protocolTable = ProtocolTable(servedEntries)
        for index in state.protocols.indices { for entry in state.protocols[index].served { serving[entry.name] = index } }
    }

    var servedEntries: [ProtocolTable.Entry] {
        var entries: [ProtocolTable.Entry] = []
        for one in state.protocols { for entry in one.served { entries.append(entry) } }
        return entries
    }

    // MARK: Outputs

    /// The next output, in order. nil: there are no more.
    public func pollOutput() -> NodeOutput? {
        guard nextOutput < state.outputs.count else {
            state.outputs.removeAll(keepingCapacity: state.outputs.count <= 1024)
            nextOutput = 0
            return nil
        }
        nextOutput += 1
        return state.outputs[nextOutput - 1]
    }

    /// The moment at which `advance` has something to do, unless an input comes before.
    public var nextDeadline: Instant {
        if state.hasUnsettled { return state.now }
        var soonest = min(dialer.nextDeadline, review.nextDeadline)
        for one in state.protocols { soonest = min(soonest, one.nextDeadline) }
        return soonest
    }

    // MARK: Inputs

    public func advance(to now: Instant) {
        begin(now)
        if dialer.nextDeadline <= state.now { dialer.advance(in: state) }
        if review.nextDeadline <= state.now { review.advance(in: state) }
        for one in state.protocols where one.nextDeadline <= state.now { one.advance(in: state) }
        settle()
    }

    /// Sets the Unix time in nanoseconds at `Instant(nanoseconds: 0)`, after the system's clock was set.
    public func setUnixEpoch(_ nanoseconds: UInt64, now: Instant) {
        begin(now)
        state.unixEpoch = nanoseconds
    }

    /// An event of one link.
    public func receive(_ event: LinkEvent, from link: UInt32, now: Instant) {
        begin(now)
        switch event {
        case .established(let peer, let key): established(link, peer, key)
        case .closed(let error): closed(link, error)
        case .streamOpened(let stream, let protocolID): streamOpened(StreamKey(link: link, stream: stream), protocolID)
        case .streamReady(let stream, let protocolID):
            let key = StreamKey(link: link, stream: stream)
            owner(of: key)?.streamReady(key, protocolID: protocolID, in: state)
        case .data(let stream, let bytes):
            let key = StreamKey(link: link, stream: stream)
            owner(of: key)?.received(bytes, on: key, in: state)
            state.taken(bytes.count, of: key)
        case .finished(let stream):
            let key = StreamKey(link: link, stream: stream)
            owner(of: key)?.finished(key, in: state)
        case .streamFailed(let stream, let error): streamEnded(StreamKey(link: link, stream: stream), error)
        case .streamClosed(let stream, let error): streamEnded(StreamKey(link: link, stream: stream), error)
        case .roundTrip(let interval): state.connections[link]?.roundTrip = interval
        case .held(let count):
            if let one = state.connections[link] { for part in state.protocols { part.linkHolds(count, one, in: state) } }
        }
        settle()
    }

    /// The answer to `NodeOutput.resolve`. `code` is the resolver's own if it found nothing.
    public func resolved(request: UInt32, addresses: [Multiaddr], code: Int32, now: Instant) {
        begin(now)
        dialer.resolved(request: request, addresses: addresses, code: code, in: state)
        settle()
    }

    /// A circuit that this node relays has ended. `sent`: the bytes from its source to its target. `returned`: those from target to source.
    public func spliceEnded(circuit: UInt32, sent: UInt64, returned: UInt64, limit: LimitName?, now: Instant) {
        begin(now)
        parts.relay?.spliceEnded(circuit: circuit, sent: sent, returned: returned, limit: limit, in: state)
        settle()
    }

    /// The addresses on which the shell listens: real ones, not `/ip4/0.0.0.0`.
    public func listening(_ addresses: [Multiaddr], now: Instant) {
        begin(now)
        let advertised = configuration.announce.isEmpty ? addresses : configuration.announce
        if advertised != state.listenAddresses {
            state.listenAddresses = advertised
            state.addressesDiffer = true
        }
        settle()
    }

    // MARK: Passing inputs on

    @inline(never)
    func begin(_ now: Instant) { state.now = max(state.now, now) }

    @inline(never)
    private func owner(of stream: StreamKey) -> (any NodeProtocol)? { state.owners[stream].map { state.protocols[$0.owner] } }

    private func streamOpened(_ stream: StreamKey, _ protocolID: [UInt8]) {
        guard let link = state.connections[stream.link], !link.isClosing else { return }
        guard let index = serving[protocolID] else { return state.reset(stream) }
        state.owners.insert(stream, index)
        state.protocols[index].streamOpened(stream, protocolID: protocolID, in: state)
    }

    @inline(never)
    func streamEnded(_ stream: StreamKey, _ error: StreamError?) {
        guard let owner = owner(of: stream) else { return }
        state.owners.remove(stream)
        owner.closed(stream, error: error, in: state)
    }

    /// Delivers to every protocol what the others requested, until nothing is left. A request can lead to further ones, so the number of
    /// rounds is bounded; what is left waits for the next `advance`.
    func settle() {
        var rounds = 0
        while state.hasUnsettled, rounds < 32 {
            rounds += 1
            settleOnce()
        }
    }

    private func settleOnce() {
        let paths = state.failedPaths
        state.failedPaths = []
        for failed in paths {
            if let link = failed.link { dialer.failed(link, failed.result, in: state) }
            if let peer = failed.peer { dialer.upgradeFailed(peer, failed.result, in: state) }
        }
        let requests = state.connectRequests
        state.connectRequests = []
        for request in requests { dialer.connect(request, in: state) }
        let answers = state.connectAnswers
        state.connectAnswers = []
        for answer in answers {
            let link = answer.link.flatMap { state.connections[$0] }
            state.protocols[answer.owner].connectAnswered(request: answer.number, link: link, outcomes: answer.outcomes, in: state)
        }
        let identified = state.identifiedLinks
        state.identifiedLinks = []
        for id in identified {
            guard let link = state.connections[id] else { continue }
            for one in state.protocols { one.identified(link.peer, on: link, in: state) }
        }
        guard state.addressesDiffer else { return }
        state.addressesDiffer = false
        state.emit(.addressesChanged(state.advertisedAddresses))
        for one in state.protocols { one.addressesChanged(in: state) }
    }
}
