import CausewayConnection
import CausewayIdentity

/// Identify and identify push (identify/README.md): tells every peer who we are, what we speak and where we listen, requests the same from
/// it, and tells it again when that changes. All other protocols use what it learns, so it waits for nothing.
final class Identify: NodeProtocol {
    static let protocolID = [UInt8](utf8: "/ipfs/id/1.0.0")
    static let pushID = [UInt8](utf8: "/ipfs/id/push/1.0.0")
    /// The time for a peer's whole answer (go and js: 5 s).
    static let deadline = Interval.seconds(10)
    /// Changes within this time are sent together.
    static let pushDelay = Interval.seconds(1)
    /// How many pushes are sent in one go, and the pause before the next ones: a node with thousands of peers spreads them.
    static let pushesAtOnce = 64
    static let pushPause = Interval.milliseconds(50)
    /// The bytes of addresses in a signed record. Key, signature and peer id also have to fit in `IdentifyWriter.fieldSize`, and the key
    /// may be an RSA key.
    static let recordRoom = 6 << 10
    /// Bound: pushes of one connection that may arrive at once; js-libp2p sends one.
    static let inboundPushes = 2
    /// Bound: those in a span of time. The signature in one may take a millisecond to verify. We and js-libp2p wait for 1 s between two.
    static let pushesInSpan = 20
    static let pushSpan = Interval.seconds(10)

    /// The moment at which a stream is reset.
    private final class Deadline {
        let stream: StreamKey
        let at: Instant

        init(_ stream: StreamKey, _ at: Instant) {
            self.stream = stream
            self.at = at
        }
    }

    /// The pushes that arrive on one connection.
    private final class InboundPushes {
        var open = 0
        var inSpan = 0
        var spanEnds = Instant(nanoseconds: 0)

        /// Returns false if there are too many.
        func add(now: Instant) -> Bool {
            if now >= spanEnds {
                spanEnds = now + Identify.pushSpan
                inSpan = 0
            }
            guard open < Identify.inboundPushes, inSpan < Identify.pushesInSpan else { return false }
            open += 1
            inSpan += 1
            return true
        }
    }

    private let agent: [UInt8]
    private let protocolVersion: [UInt8]
    private var hearings = Table<UInt64, IdentifyExchange>()
    /// All deadlines are equally far ahead, so they are in order.
    private var due = FIFO<Deadline>()
    private var inboundPushes = Table<UInt32, InboundPushes>()
    private var pushAt = Instant.distantFuture
    private var toPush: [UInt32] = []
    private let record = IdentifyRecord()
    #if !hasFeature(Embedded)
        /// For peers in this node's networks, which learn more.
        private let recordNearby = IdentifyRecord()
    #endif

    init(agent: [UInt8], protocolVersion: [UInt8]) {
        self.agent = agent
        self.protocolVersion = protocolVersion
    }

    var served: [ProtocolTable.Entry] {
        [
            ProtocolTable.Entry(name: Self.protocolID, owner: .node, allowsLimited: true),
            ProtocolTable.Entry(name: Self.pushID, owner: .node, allowsLimited: true),
        ]
    }

    var nextDeadline: Instant { min(pushAt, due.first?.at ?? .distantFuture) }

    // MARK: Answering

    func linkOpened(_ link: ConnectedLink, in node: NodeContext) {
        hear(node.openStream(on: link.id, [Self.protocolID], for: self), isPush: false, in: node)
    }

    func streamOpened(_ stream: StreamKey, protocolID: [UInt8], in node: NodeContext) {
        guard let link = node.connections[stream.link] else { return }
        if protocolID == Self.protocolID {
            node.send(message(for: link, in: node), on: stream)
            node.conclude(stream)
            return
        }
        let pushes = inboundPushes[link.id] ?? InboundPushes()
        inboundPushes[link.id] = pushes
        if pushes.add(now: node.now) { hear(stream, isPush: true, in: node) } else { node.reset(stream) }
    }

    func linkClosed(_ link: ConnectedLink, in node: NodeContext) { inboundPushes[link.id] = nil }

    private func message(for link: ConnectedLink, in node: NodeContext) -> [UInt8] {
        var message = IdentifyWriter()
        message.add(IdentifyMessage.Field.publicKey, node.identity.publicKey.protobuf)
        message.add(IdentifyMessage.Field.protocolVersion, protocolVersion)
        message.add(IdentifyMessage.Field.agent, agent)
        // A relay's address does not show where its client was seen.
        #if hasFeature(Embedded)
            if !link.isRelayed { message.add(IdentifyMessage.Field.observedAddress, link.remoteAddress.bytes) }
        #else
            // A zone is an interface of this machine.
            if !link.isRelayed { message.add(IdentifyMessage.Field.observedAddress, link.remoteAddress.withoutZone.bytes) }
        #endif
        for entry in node.protocolTable.entries { message.add(IdentifyMessage.Field.protocolIDs, entry.name) }
        #if hasFeature(Embedded)
            let addresses = Identify.told(node.addresses.advertised(for: .identify))
        #else
            let isNearby = !link.isRelayed && link.remoteAddress.reach.isLocal
            let record = isNearby ? recordNearby : self.record
            let addresses = Identify.told(node.addresses.advertised(for: isNearby ? .identify : .abroad))
            // A page listens nowhere.
            if addresses.contains(where: { $0.transport == .webRTCDirect }) {
                message.add(IdentifyMessage.Field.protocolIDs, STUNService.protocolID)
            }
        #endif
        for address in addresses { message.add(IdentifyMessage.Field.listenAddresses, address.bytes) }
        record.update(addresses, in: node)
        if let sealed = record.sealed { message.add(IdentifyMessage.Field.signedRecord, sealed) }
        return message.finished()
    }

    /// The most useful addresses first: public ones, then circuits, then those of this machine and its network. At most as many as a signed
    /// record has room for.
    private static func told(_ addresses: [Multiaddr]) -> [Multiaddr] {
        var told: [Multiaddr] = []
        var room = recordRoom
        for rank in 0...2 {
            for address in addresses where (address.isCircuit ? 1 : address.reach.isLocal ? 2 : 0) == rank {
                // In a record, each address has two lengths and two field numbers.
                room -= address.bytes.count + 6
                if room >= 0 { told.append(address) }
            }
        }
        return told
    }

    // MARK: Pushing changes

    func addressesChanged(in node: NodeContext) { schedulePush(in: node) }

    func protocolsChanged(in node: NodeContext) { schedulePush(in: node) }

    private func schedulePush(in node: NodeContext) {
        guard node.connections.count > 0 else { return }
        pushAt = min(pushAt, node.now + Self.pushDelay)
    }

    private func push(in node: NodeContext) {
        if toPush.isEmpty {
            // Taken from the end, so the oldest connection comes last here.
            var index = node.connections.order.count
            while index > 0 {
                index -= 1
                let id = node.connections.order[index]
                guard let link = node.connections[id], node.connections.best(for: link.peer, allowsLimited: true) === link else { continue }
                toPush.append(id)
            }
        }
        for _ in 0..<min(toPush.count, Self.pushesAtOnce) {
            let id = toPush.removeLast()
            guard let link = node.connections[id], !link.isClosing, node.peers.speaks(link.peer, Self.pushID) else { continue }
            node.send(message(for: link, in: node), on: node.openStream(on: id, [Self.pushID], for: self))
        }
        pushAt = toPush.isEmpty ? .distantFuture : node.now + Self.pushPause
    }

    /// A push is sent once the remote accepts the stream.
    func streamReady(_ stream: StreamKey, protocolID: [UInt8], in node: NodeContext) {
        if hearings[stream.packed] == nil { node.conclude(stream) }
    }

    // MARK: Receiving

    private func hear(_ stream: StreamKey, isPush: Bool, in node: NodeContext) {
        hearings[stream.packed] = IdentifyExchange(stream, isPush: isPush)
        due.append(Deadline(stream, node.now + Self.deadline))
    }

    func received(_ bytes: [UInt8], on stream: StreamKey, in node: NodeContext) {
        guard let hearing = hearings[stream.packed] else { return }
        do throws(IdentifyError) {
            try hearing.take(bytes, limits: node.limits)
        } catch {
            fail(hearing, error, in: node)
        }
    }

    func finished(_ stream: StreamKey, in node: NodeContext) {
        guard let hearing = hearings[stream.packed] else { return }
        guard hearing.isComplete else { return fail(hearing, .malformed, in: node) }
        node.conclude(stream)
        heard(hearing, in: node)
        forget(hearing)
    }

    func closed(_ stream: StreamKey, error: StreamError?, in node: NodeContext) {
        guard let hearing = hearings[stream.packed] else { return }
        if hearing.isComplete, error == nil {
            heard(hearing, in: node)
        } else if !hearing.isPush, let link = node.connections[stream.link], !link.isClosing, !Identify.isConnections(error) {
            node.emit(.notIdentified(link.peer, .stream(error ?? .closed)))
        }
        forget(hearing)
    }

    /// Whether the error is the connection's end, which is reported as such.
    private static func isConnections(_ error: StreamError?) -> Bool { if case .connection? = error { true } else { false } }

    private func fail(_ hearing: IdentifyExchange, _ error: IdentifyError, in node: NodeContext) {
        forget(hearing)
        node.reset(hearing.stream)
        if let link = node.connections[hearing.stream.link] { node.emit(.notIdentified(link.peer, error)) }
    }

    private func forget(_ hearing: IdentifyExchange) {
        hearings[hearing.stream.packed] = nil
        if hearing.isPush { inboundPushes[hearing.stream.link]?.open -= 1 }
    }

    private func heard(_ hearing: IdentifyExchange, in node: NodeContext) {
        guard let link = node.connections[hearing.stream.link] else { return }
        if let key = hearing.message.publicKey {
            guard let key = try? PublicKey(protobuf: key), key == link.publicKey else {
                return node.emit(.notIdentified(link.peer, .foreignKey))
            }
        }
        node.emit(.identified(IdentifiedPeer.merge(hearing, of: link, in: node)))
        node.wishes.append(.identified(link: link.id))
    }

    // MARK: Time

    func advance(in node: NodeContext) {
        if pushAt <= node.now { push(in: node) }
        while let deadline = due.first {
            let hearing = hearings[deadline.stream.packed]
            guard hearing == nil || deadline.at <= node.now else { break }
            due.removeFirst()
            if let hearing { fail(hearing, .timedOut, in: node) }
        }
    }
}
