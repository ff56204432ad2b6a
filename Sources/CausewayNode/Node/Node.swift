public import CausewayConnection
public import CausewayIdentity

/// The whole node except its bytes. It finds the protocol that an input concerns, and passes the input on.
///
/// A shell feeds inputs and commands, each with the time, and then drains `pollOutput` until nil. It calls `advance` at `nextDeadline`. The
/// node never calls back. Every command with a `request` is answered by exactly one `NodeEvent.answered`.
public final class Node {
    public let context: NodeContext
    let services: NodeServices
    var applicationProtocols: [ProtocolTable.Entry] = []
    /// The protocol that serves a name: its index in `protocols`.
    private(set) var serving = BytesTable<Int>()

    var protocols: [any NodeProtocol] { services.protocols }

    public convenience init(_ configuration: NodeConfiguration, now: Instant) {
        self.init(configuration, services: NodeServices(configuration), now: now)
    }

    public init(_ configuration: NodeConfiguration, services: NodeServices, now: Instant) {
        self.services = services
        context = NodeContext(
            identity: configuration.identity, limits: configuration.limits, addresses: services.addresses, seed: configuration.seed,
            unixEpoch: configuration.unixEpoch, now: now)
        context.topics = services.gossip
        context.protocolTable = ProtocolTable(servedEntries)
        route()
    }

    /// Notes which protocol serves which name. A name keeps its protocol when that stops to serve it: streams that were asked for before
    /// still come.
    private func route() { for index in protocols.indices { for entry in protocols[index].served { serving[entry.name] = index } } }

    var servedEntries: [ProtocolTable.Entry] {
        var entries: [ProtocolTable.Entry] = []
        for one in protocols { for entry in one.served { entries.append(entry) } }
        return entries
    }

    // MARK: Outputs

    /// The next output, in order. nil: there are no more.
    public func pollOutput() -> NodeOutput? { context.outbox.poll() }

    /// The moment at which `advance` has something to do, unless an input comes before.
    public var nextDeadline: Instant {
        if !context.wishes.isEmpty { return context.now }
        var soonest = Instant.distantFuture
        for one in protocols { soonest = min(soonest, one.nextDeadline) }
        return soonest
    }

    // MARK: Inputs

    public func advance(to now: Instant) {
        begin(now)
        for one in protocols where one.nextDeadline <= context.now { one.advance(in: context) }
        settle()
    }

    /// Sets the Unix time in nanoseconds at `Instant(nanoseconds: 0)`, after the system's clock was set.
    public func setUnixEpoch(_ nanoseconds: UInt64, now: Instant) {
        begin(now)
        context.unixEpoch = nanoseconds
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
            owner(of: key)?.streamReady(key, protocolID: protocolID, in: context)
        case .data(let stream, let bytes):
            let key = StreamKey(link: link, stream: stream)
            owner(of: key)?.received(bytes, on: key, in: context)
            context.taken(bytes.count, of: key)
        case .finished(let stream):
            let key = StreamKey(link: link, stream: stream)
            owner(of: key)?.finished(key, in: context)
        case .streamFailed(let stream, let error): streamEnded(StreamKey(link: link, stream: stream), error)
        case .streamClosed(let stream, let error): streamEnded(StreamKey(link: link, stream: stream), error)
        case .roundTrip(let interval): context.connections[link]?.roundTrip = interval
        case .held(let count):
            if let one = context.connections[link], !one.isProbe { for other in protocols { other.linkHolds(count, one, in: context) } }
        }
        settle()
    }

    /// The answer to `NodeOutput.resolve`. `code` is the resolver's own if it found nothing.
    public func resolved(request: UInt32, addresses: [Multiaddr], code: Int32, now: Instant) {
        begin(now)
        services.dialer.resolved(request: request, addresses: addresses, code: code, in: context)
        settle()
    }

    /// A circuit that this node relays has ended. `sent`: the bytes from its source to its target. `returned`: those from target to source.
    public func spliceEnded(circuit: UInt32, sent: UInt64, returned: UInt64, limit: LimitName?, now: Instant) {
        begin(now)
        services.relay?.spliceEnded(circuit: circuit, sent: sent, returned: returned, limit: limit, in: context)
        settle()
    }

    /// The addresses on which the shell listens: real ones, not `/ip4/0.0.0.0`.
    public func listening(_ addresses: [Multiaddr], now: Instant) {
        begin(now)
        var bound: [OwnAddress] = []
        for address in addresses { bound.append(OwnAddress(address, .bound)) }
        context.addresses.replace(.bound, by: bound, in: context)
        settle()
    }

    /// The machine slept, or its network changed: what waits because it has failed before is worth trying at once, and what was dialled
    /// without an answer is dialled again.
    public func machineChanged(now: Instant) {
        begin(now)
        services.dialer.machineChanged(in: context)
        services.relayClient?.machineChanged(in: context)
        services.upgrades?.machineChanged(in: context)
    }

    #if !hasFeature(Embedded)
        /// The shell has other certificates for `/webrtc-direct`, the shown one first: all such addresses of this node name them from now
        /// on, those that the user announces as well.
        public func certified(by multihashes: [[UInt8]], now: Instant) {
            begin(now)
            context.addresses.certify(by: multihashes, in: context)
            settle()
        }
    #endif

    // MARK: Passing inputs on

    @inline(never)
    func begin(_ now: Instant) { context.now = max(context.now, now) }

    @inline(never)
    private func owner(of stream: StreamKey) -> (any NodeProtocol)? { context.owners[stream]?.owner }

    private func streamOpened(_ stream: StreamKey, _ protocolID: [UInt8]) {
        // A probe closes soon. To refuse what its remote asks by then would look like a fault to it.
        guard let link = context.connections[stream.link], !link.isClosing, !link.isProbe else { return }
        guard let index = serving[protocolID] else { return context.reset(stream) }
        context.owners.insert(stream, protocols[index])
        protocols[index].streamOpened(stream, protocolID: protocolID, in: context)
    }

    @inline(never)
    func streamEnded(_ stream: StreamKey, _ error: StreamError?) {
        guard let owner = owner(of: stream) else { return }
        context.owners.remove(stream)
        owner.closed(stream, error: error, in: context)
    }

    /// Carries out what protocols want of each other, in the order of asking.
    func settle() {
        for _ in 0..<WishQueue.carriedOutAtOnce {
            guard let wish = context.wishes.next() else { return }
            carryOut(wish)
        }
    }

    private func carryOut(_ wish: Wish) {
        switch wish {
        case .connect(let request): services.dialer.connect(request, in: context)
        case .connected(let request):
            let link = request.link.flatMap { context.connections[$0] }
            request.owner?.connectAnswered(request: request.number, link: link, outcomes: request.outcomes, in: context)
        case .pathFailed(let link, let result): services.dialer.linkFailed(link, result, in: context)
        case .upgradeEnded(let peer, let result, let report): services.upgrades?.ended(peer, result, report, in: context)
        case .upgradeFailed(let peer, let result, let report): services.dialer.upgradeFailed(peer, result, report, in: context)
        case .identified(let id):
            guard let link = context.connections[id] else { return }
            for one in protocols { one.identified(link.peer, on: link, in: context) }
        case .addressesChanged:
            context.emit(.addressesChanged(context.addresses.advertised(for: .identify)))
            for one in protocols { one.addressesChanged(in: context) }
        #if hasFeature(Embedded)
            // Nothing of a page wishes for these.
            case .ownAddressesChanged, .servedChanged: break
        #else
            case .ownAddressesChanged: for one in protocols { one.ownAddressesChanged(in: context) }
            case .servedChanged:
                route()
                serve()
        #endif
        }
    }
}
