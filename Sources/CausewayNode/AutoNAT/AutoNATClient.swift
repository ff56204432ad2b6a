import CausewayConnection
import CausewayIdentity

/// The client of AutoNAT v2 and v1 (autonat/autonat-v2.md, autonat-v1.md): asks connected peers to dial this node at its addresses, and
/// judges each address by what they find (`OwnAddresses.judge`).
///
/// A server is believed that it did not get through. That it did has to be seen here: a new connection arrives and says the nonce, or in
/// v1, which has none, arrives from outside. `AddressTrial` says when there are enough results. Servers are asked in turn, first those in
/// networks that an address has no result from. Version 1 is for servers that have no other, and for addresses at the IP address where they
/// see this node: they dial no other one.
final class AutoNATClient: NodeProtocol {
    /// Bound: connections that are looked at for a server. They begin at a random one, so that in a large node all have their turn.
    static let connections = 64

    let limits: AutoNATClientLimits
    private(set) var trials: [AddressTrial] = []
    private(set) var requests: [AutoNATRequest] = []
    private var dialBacks: [DialBackArrival] = []
    /// When servers may be asked again.
    private var rests = BytesTable<Rest>()
    /// No request before this moment.
    private var notBefore = Instant(nanoseconds: 0)
    private var failures = 0
    private var wake = Instant.distantFuture
    private var asked: UInt64 = 0

    init(_ limits: AutoNATClientLimits) { self.limits = limits }

    var served: [ProtocolTable.Entry] {
        [ProtocolTable.Entry(name: AutoNATMessage.dialBackID, owner: .node, allowsLimited: false)]
    }

    /// A server that is left alone.
    private final class Rest {
        let until: Instant

        init(until: Instant) { self.until = until }
    }

    // MARK: When to ask

    func ownAddressesChanged(in node: NodeContext) {
        var new: [AddressTrial] = []
        let isAnnounced = node.addresses.all.first?.kind == .announced
        for own in node.addresses.all where new.count < limits.addresses && Self.canBeTried(own, isAnnounced: isAnnounced) {
            var isNew = true
            for trial in new where trial.address == own.address {
                isNew = false
                trial.isHearsay = trial.isHearsay && own.kind == .observed
            }
            guard isNew else { continue }
            let isHearsay = own.kind == .observed
            let known = trials.first { $0.address == own.address }
            known?.isHearsay = isHearsay
            new.append(known ?? AddressTrial(own.address, isHearsay: isHearsay, limits: limits, now: node.now))
        }
        trials = new
        askSoon(in: node)
    }

    private static func canBeTried(_ own: OwnAddress, isAnnounced: Bool) -> Bool {
        if own.address.isCircuit || isAnnounced && own.kind != .announced && own.kind != .mapped { return false }
        return own.address.reach == .public || own.address.reach == .name
    }

    /// A peer may be a server.
    func identified(_ peer: PeerID, on link: ConnectedLink, in node: NodeContext) { if !trials.isEmpty { askSoon(in: node) } }

    private func askSoon(in node: NodeContext) { wake = min(wake, max(node.now + limits.delay, notBefore)) }

    var nextDeadline: Instant {
        var soonest = wake
        for request in requests { soonest = min(soonest, request.deadline) }
        for arrival in dialBacks { soonest = min(soonest, arrival.deadline) }
        return soonest
    }

    func advance(in node: NodeContext) {
        for arrival in dialBacks where arrival.deadline <= node.now {
            dialBacks.remove(arrival)
            node.reset(arrival.stream)
        }
        for request in requests where request.deadline <= node.now { fail(request, in: node) }
        if wake <= node.now { ask(in: node) }
    }

    // MARK: Asking

    private func ask(in node: NodeContext) {
        wake = .distantFuture
        rests.removeAll { $0.until <= node.now }
        while requests.count < limits.requestsAtOnce, notBefore <= node.now, askOne(in: node) {}
        guard requests.count < limits.requestsAtOnce else { return }
        // What is due by now waits for a server.
        for trial in trials where trial.running == 0 && max(trial.nextAsk, notBefore) > node.now {
            wake = min(wake, max(trial.nextAsk, notBefore))
        }
    }

    /// Asks about the first address for which there is a server, and about the others behind it. Returns false if there is none.
    private func askOne(in node: NodeContext) -> Bool {
        let due = dueTrials(at: node.now)
        for first in due {
            guard let (link, voice, isVersion1) = server(for: first, in: node) else { continue }
            var trials = [first]
            for trial in due where trial !== first { trials.append(trial) }
            send(trials, to: link, voice, isVersion1: isVersion1, in: node)
            return true
        }
        return false
    }

    /// The addresses for the next request, those with the fewest results first.
    private func dueTrials(at now: Instant) -> [AddressTrial] {
        var due: [AddressTrial] = []
        for trial in trials where trial.isDue(at: now) {
            var index = due.count
            while index > 0, due[index - 1].count + due[index - 1].running > trial.count + trial.running { index -= 1 }
            due.insert(trial, at: index)
        }
        while due.count > limits.addressesPerRequest { due.removeLast() }
        return due
    }

    /// The server to ask about an address. nil: there is none now; `wake` says when there may be one.
    private func server(for trial: AddressTrial, in node: NodeContext) -> (ConnectedLink, Voice, isVersion1: Bool)? {
        var best: (ConnectedLink, Voice, isVersion1: Bool)?
        var bestRank = 0
        let order = node.connections.order
        let start = order.isEmpty ? 0 : node.random.below(order.count)
        for step in 0..<min(order.count, Self.connections) {
            guard let link = node.connections[order[(start + step) % order.count]], !link.isRelayed, !link.isClosing, !link.isProbe,
                let voice = Voice(of: link.remoteAddress), link.remoteAddress.host != trial.address.host,
                !requests.contains(where: { $0.peer == link.peer })
            else { continue }
            let isVersion1 = !node.peers.speaks(link.peer, AutoNATMessage.requestID)
            if isVersion1 {
                guard node.peers.speaks(link.peer, AutoNATv1Message.protocolID),
                    let seen = node.peers.description(of: link.peer)?.observedAddress, seen.host == trial.address.host
                else { continue }
            }
            if let rest = rests[link.peer.bytes] {
                wake = min(wake, max(rest.until, notBefore))
                continue
            }
            let rank = (trial.hasHeard(voice) ? 1 : 3) + (isVersion1 ? 0 : 1)
            if rank > bestRank { (best, bestRank) = ((link, voice, isVersion1), rank) }
        }
        return best
    }

    private func send(_ due: [AddressTrial], to link: ConnectedLink, _ voice: Voice, isVersion1: Bool, in node: NodeContext) {
        guard let first = due.first else { return }
        guard let nonce = nonce(for: link.peer, in: node) else {
            // The key does not sign: there is nothing to ask with.
            notBefore = node.now + limits.longestWait
            return
        }
        let trials = isVersion1 ? [first] : due
        var addresses: [[UInt8]] = []
        for trial in trials { addresses.append(trial.address.bytes) }
        let stream = node.openStream(on: link.id, [isVersion1 ? AutoNATv1Message.protocolID : AutoNATMessage.requestID], for: self)
        let message =
            isVersion1
            ? AutoNATv1Message.dial(peer: node.peerID.bytes, addresses).framed : AutoNATMessage.request(addresses, nonce: nonce).framed
        node.send(message, on: stream)
        first.running += 1
        rests[link.peer.bytes] = Rest(until: node.now + limits.serverRest)
        requests.append(
            AutoNATRequest(
                stream, to: link, voice, isVersion1: isVersion1, trials, nonce: nonce, now: node.now,
                deadline: node.now + limits.requestTime))
    }

    /// A number that only the server knows, so that nobody else can say that it got through. The node's own source of numbers is no source
    /// of secrets; a signature that nobody else can make is one.
    private func nonce(for server: PeerID, in node: NodeContext) -> UInt64? {
        asked += 1
        var text = ProtobufWriter(behind: [UInt8](utf8: "causeway-autonat-nonce:"))
        text.fixed64(1, node.unixNanoseconds)
        text.fixed64(2, asked)
        text.content(3, server.bytes)
        guard let signature = try? node.identity.sign(text.bytes) else { return nil }
        var nonce: UInt64 = 0
        for byte in SHA256.hash(signature).prefix(8) { nonce = nonce << 8 | UInt64(byte) }
        return nonce
    }

    // MARK: The server's answer

    private func request(on stream: StreamKey) -> AutoNATRequest? { requests.first { $0.stream == stream } }

    func received(_ bytes: [UInt8], on stream: StreamKey, in node: NodeContext) {
        if let arrival = dialBacks.first(where: { $0.stream == stream }) { return hear(bytes, arrival, in: node) }
        guard let request = request(on: stream) else { return }
        request.inbox.add(bytes)
        while let message = request.inbox.next(limit: limits.messageSize) {
            guard handle(message, of: request, in: node) else { return }
        }
        if request.inbox.fault != nil { fail(request, in: node) }
    }

    /// Returns whether another message may follow.
    private func handle(_ message: consuming ProtobufReader, of request: AutoNATRequest, in node: NodeContext) -> Bool {
        guard !request.isVersion1 else {
            handleVersion1(message, of: request, in: node)
            return false
        }
        switch AutoNATMessage(message) {
        case .dataRequest(let index, let bytes)?:
            guard !request.hasSentData, index < UInt64(request.trials.count), bytes <= UInt64(limits.data) else { break }
            request.hasSentData = true
            sendData(Int(bytes), on: request.stream, in: node)
            return true
        case .response(.ok, let index, let status)? where index < UInt64(request.trials.count):
            answered(request, Int(index), status, in: node)
            return false
        case .response(.refused, _, _)?:
            for trial in request.trials { trial.refused(now: node.now) }
            conclude(request, in: node)
            return false
        case .response?, .request?, .data?, nil: break
        }
        fail(request, in: node)
        return false
    }

    private func sendData(_ bytes: Int, on stream: StreamKey, in node: NodeContext) {
        var left = bytes
        while left > 0 {
            let part = min(left, AutoNATMessage.dataSize)
            node.send(AutoNATMessage.data(part).framed, on: stream)
            left -= part
        }
    }

    private func answered(_ request: AutoNATRequest, _ index: Int, _ status: AutoNATMessage.DialStatus, in node: NodeContext) {
        switch status {
        // It had the choice, and dialled none of those before.
        case .dialError: settle(request, index, isReached: false, in: node)
        case .ok: claim(request, index, in: node)
        // What counts is whether we have the nonce.
        case .dialBackError where request.hasArrived(at: request.trials[index].address): settle(request, index, isReached: true, in: node)
        case .dialBackError, .unused: fail(request, in: node)
        }
    }

    private func handleVersion1(_ message: consuming ProtobufReader, of request: AutoNATRequest, in node: NodeContext) {
        switch AutoNATv1Message(message) {
        case .response(.ok, let reached)?:
            guard let reached, let address = try? Multiaddr(bytes: reached), !isSame(address, request.trials[0].address) else {
                return claim(request, 0, in: node)
            }
            fail(request, in: node)
        case .response(.dialError, _)?: settle(request, 0, isReached: false, in: node)
        case .response(.dialRefused, _)?:
            request.trials[0].refused(now: node.now)
            conclude(request, in: node)
        case .response(.badRequest, _)?, .response(.internalError, _)?, .dial?, nil: fail(request, in: node)
        }
    }

    /// The server may leave out what stands behind the port.
    private func isSame(_ a: Multiaddr, _ b: Multiaddr) -> Bool { a.host == b.host && a.port == b.port }

    /// The server says that it got through, and evidence may be on its way.
    private func claim(_ request: AutoNATRequest, _ index: Int, in node: NodeContext) {
        request.claim = .reached(index: index)
        request.deadline = node.now + limits.dialBackTime
        check(request, in: node)
    }

    private func check(_ request: AutoNATRequest, in node: NodeContext) {
        guard case .reached(let index) = request.claim, request.hasArrived(at: request.trials[index].address) else { return }
        settle(request, index, isReached: true, in: node)
    }

    // MARK: Results

    private func settle(_ request: AutoNATRequest, _ index: Int, isReached: Bool, in node: NodeContext) {
        for earlier in 0..<index { request.trials[earlier].refused(now: node.now) }
        let trial = request.trials[index]
        let before = trial.verdict
        trial.add(request.voice, isReached: isReached, now: node.now)
        conclude(request, in: node)
        // The address may be ours no more, and then nothing changes.
        if trial.verdict != before { node.addresses.judge(trial.address, trial.verdict, in: node) }
    }

    /// The request has brought something.
    private func conclude(_ request: AutoNATRequest, in node: NodeContext) {
        failures = 0
        node.conclude(request.stream)
        forget(request, in: node)
    }

    /// It has brought nothing.
    private func fail(_ request: AutoNATRequest, in node: NodeContext) {
        node.reset(request.stream)
        failed(request, in: node)
    }

    private func failed(_ request: AutoNATRequest, in node: NodeContext) {
        rests[request.peer.bytes] = Rest(until: node.now + limits.failedServerRest)
        let wait = limits.shortestWait.nanoseconds << UInt64(min(failures, 16))
        failures += 1
        notBefore = node.now + min(Interval(nanoseconds: wait), limits.longestWait)
        forget(request, in: node)
    }

    private func forget(_ request: AutoNATRequest, in node: NodeContext) {
        requests.remove(request)
        request.trials[0].running -= 1
        wake = min(wake, max(node.now, notBefore))
    }

    func finished(_ stream: StreamKey, in node: NodeContext) {
        if let arrival = dialBacks.first(where: { $0.stream == stream }) {
            dialBacks.remove(arrival)
            node.reset(stream)
        } else if let request = request(on: stream), case .none = request.claim {
            fail(request, in: node)
        }
    }

    func closed(_ stream: StreamKey, error: StreamError?, in node: NodeContext) {
        if let arrival = dialBacks.first(where: { $0.stream == stream }) { return dialBacks.remove(arrival) }
        guard let request = request(on: stream), case .none = request.claim else { return }
        failed(request, in: node)
    }

    // MARK: Dial-backs

    func linkOpened(_ link: ConnectedLink, in node: NodeContext) {
        // From our own network, anybody gets through.
        guard link.isInbound, !link.isRelayed, link.remoteAddress.reach == .public else { return }
        for request in requests where request.isVersion1 {
            // Of many, the first few tell as much.
            if request.arrivals.count < limits.dialBacks { request.arrivals.append(link.localAddress) }
            check(request, in: node)
        }
    }

    func streamOpened(_ stream: StreamKey, protocolID: [UInt8], in node: NodeContext) {
        guard let link = node.connections[stream.link], link.isInbound, !link.isRelayed, dialBacks.count < limits.dialBacks else {
            return node.reset(stream)
        }
        dialBacks.append(DialBackArrival(stream, deadline: node.now + limits.dialBackTime))
    }

    private func hear(_ bytes: [UInt8], _ arrival: DialBackArrival, in node: NodeContext) {
        arrival.inbox.add(bytes)
        guard let message = arrival.inbox.next(limit: limits.dialBackSize) else {
            if arrival.inbox.fault != nil { refuse(arrival, in: node) }
            return
        }
        // A connection from before the request shows nothing, nor does a second one.
        guard let nonce = DialBack(message)?.nonce, let link = node.connections[arrival.stream.link],
            let request = requests.first(where: { $0.nonce == nonce && !$0.isVersion1 }), request.arrivals.isEmpty,
            link.openedAt >= request.askedAt
        else { return refuse(arrival, in: node) }
        request.arrivals.append(link.localAddress)
        dialBacks.remove(arrival)
        node.send(DialBack.answer, on: arrival.stream)
        node.conclude(arrival.stream)
        check(request, in: node)
    }

    private func refuse(_ arrival: DialBackArrival, in node: NodeContext) {
        dialBacks.remove(arrival)
        node.reset(arrival.stream)
    }
}

/// A stream on which a nonce is to come.
private final class DialBackArrival {
    let stream: StreamKey
    let deadline: Instant
    var inbox = MessageInbox()

    init(_ stream: StreamKey, deadline: Instant) {
        self.stream = stream
        self.deadline = deadline
    }
}
