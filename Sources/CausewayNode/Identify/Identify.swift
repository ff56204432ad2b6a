import CausewayConnection
import CausewayIdentity

/// Identify and identify push (identify/README.md): tells every peer who we are, what we speak and where we listen, asks the same of it,
/// and tells again when that changes. Everything else builds on what it hears, so it waits for nothing.
final class Identify: NodeProtocol {
    static let protocolID = [UInt8](utf8: "/ipfs/id/1.0.0")
    static let pushID = [UInt8](utf8: "/ipfs/id/push/1.0.0")
    /// For a peer's whole answer (go and js: 5 s).
    static let deadline = Interval.seconds(10)
    /// Changes that come together are told together.
    static let pushDelay = Interval.seconds(1)
    /// Pushes in one go, and the pause before the next ones: a node with thousands of peers spreads them.
    static let pushesAtOnce = 64
    static let pushPause = Interval.milliseconds(50)
    /// Pushes of one connection that may arrive at once; js-libp2p sends one.
    static let inboundPushes = 2

    /// A stream on which a peer tells of itself.
    private final class Hearing {
        let isPush: Bool
        let deadline: Instant
        var inbox = IdentifyInbox()

        init(isPush: Bool, deadline: Instant) {
            self.isPush = isPush
            self.deadline = deadline
        }
    }

    private let agent: [UInt8]
    private let protocolVersion: [UInt8]
    private var hearings = Table<UInt64, Hearing>()
    /// In the order of their deadlines, which all lie equally far ahead.
    private var due: [(stream: StreamKey, at: Instant)] = []
    private var pushesOnLink = Table<UInt32, Int>()
    /// Our push streams that are not settled yet.
    private var pushing = Table<UInt64, Bool>()
    private var pushAt = Instant.distantFuture
    private var toPush: [UInt32] = []
    /// Signed anew only when the addresses differ.
    private var record: (addresses: [Multiaddr], envelope: [UInt8])?

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

    // MARK: Telling

    func linkOpened(_ link: ConnectedLink, in node: NodeState) {
        hear(node.openStream(on: link.id, [Self.protocolID], for: self), isPush: false, in: node)
    }

    func streamOpened(_ stream: StreamKey, protocolID: [UInt8], in node: NodeState) {
        guard let link = node.connections[stream.link] else { return }
        if protocolID == Self.protocolID {
            node.send(message(for: link, in: node), on: stream)
            node.finish(stream)
            node.release(stream)
        } else if pushesOnLink[link.id, default: 0] < Self.inboundPushes {
            pushesOnLink[link.id, default: 0] += 1
            hear(stream, isPush: true, in: node)
        } else {
            node.reset(stream)
        }
    }

    private func message(for link: ConnectedLink, in node: NodeState) -> [UInt8] {
        var message = IdentifyMessage()
        message.publicKey = node.identity.publicKey.protobuf
        message.protocolVersion = protocolVersion
        message.agent = agent
        // Where a relay is dialled says nothing of where its client was seen.
        if !link.isRelayed { message.observedAddress = link.remoteAddress.bytes }
        let addresses = node.advertisedAddresses
        for address in addresses { message.listenAddresses.append(address.bytes) }
        for entry in node.protocolTable.entries { message.protocolIDs.append(entry.name) }
        message.signedRecord = signedRecord(addresses, in: node)
        return IdentifyCodec.encode(message, messageSize: node.limits.identifyMessage)
    }

    private func signedRecord(_ addresses: [Multiaddr], in node: NodeState) -> [UInt8]? {
        if let record, record.addresses == addresses { return record.envelope }
        let fresh = PeerRecord(peerID: node.peerID, sequence: node.unixNanoseconds, addresses: addresses)
        guard let envelope = try? fresh.sealed(by: node.identity) else { return nil }
        record = (addresses, envelope)
        return envelope
    }

    // MARK: Telling again

    func addressesChanged(in node: NodeState) { schedulePush(in: node) }

    /// What is served has changed.
    func protocolsChanged(in node: NodeState) { schedulePush(in: node) }

    private func schedulePush(in node: NodeState) {
        guard node.connections.count > 0 else { return }
        pushAt = min(pushAt, node.now + Self.pushDelay)
    }

    private func push(in node: NodeState) {
        if toPush.isEmpty {
            for id in node.connections.order {
                guard let link = node.connections[id], node.connections.best(for: link.peer, allowsLimited: true) === link else { continue }
                toPush.append(id)
            }
        }
        let batch = toPush.prefix(Self.pushesAtOnce)
        toPush.removeFirst(batch.count)
        for id in batch {
            guard let link = node.connections[id], !link.isClosing, node.peers.speaks(link.peer, Self.pushID) else { continue }
            let stream = node.openStream(on: id, [Self.pushID], for: self)
            pushing[stream.packed] = true
            node.send(message(for: link, in: node), on: stream)
        }
        pushAt = toPush.isEmpty ? .distantFuture : node.now + Self.pushPause
    }

    func streamReady(_ stream: StreamKey, protocolID: [UInt8], in node: NodeState) {
        guard pushing.removeValue(forKey: stream.packed) != nil else { return }
        node.finish(stream)
        node.release(stream)
    }

    // MARK: Hearing

    private func hear(_ stream: StreamKey, isPush: Bool, in node: NodeState) {
        let deadline = node.now + Self.deadline
        hearings[stream.packed] = Hearing(isPush: isPush, deadline: deadline)
        due.append((stream, deadline))
    }

    func received(_ bytes: [UInt8], on stream: StreamKey, in node: NodeState) {
        guard let hearing = hearings[stream.packed] else { return }
        do throws(IdentifyError) {
            try hearing.inbox.take(bytes, limits: node.limits)
        } catch {
            fail(stream, error, in: node)
        }
    }

    func finished(_ stream: StreamKey, in node: NodeState) {
        guard let hearing = hearings[stream.packed] else { return }
        guard hearing.inbox.isComplete else { return fail(stream, .malformed, in: node) }
        forget(stream)
        node.finish(stream)
        node.release(stream)
        heard(hearing, on: stream.link, in: node)
    }

    func closed(_ stream: StreamKey, error: StreamError?, in node: NodeState) {
        pushing[stream.packed] = nil
        guard let hearing = hearings[stream.packed] else { return }
        forget(stream)
        if hearing.inbox.isComplete, error == nil {
            heard(hearing, on: stream.link, in: node)
        } else if !hearing.isPush, let link = node.connections[stream.link], !link.isClosing, !Identify.isConnections(error) {
            node.emit(.notIdentified(link.peer, .stream(error ?? .closed)))
        }
    }

    /// The connection's end is told as such.
    private static func isConnections(_ error: StreamError?) -> Bool { if case .connection? = error { true } else { false } }

    private func fail(_ stream: StreamKey, _ error: IdentifyError, in node: NodeState) {
        forget(stream)
        node.reset(stream)
        if let link = node.connections[stream.link] { node.emit(.notIdentified(link.peer, error)) }
    }

    private func forget(_ stream: StreamKey) {
        guard let hearing = hearings.removeValue(forKey: stream.packed), hearing.isPush, let count = pushesOnLink[stream.link] else {
            return
        }
        pushesOnLink[stream.link] = count > 1 ? count - 1 : nil
    }

    private func heard(_ hearing: Hearing, on id: UInt32, in node: NodeState) {
        guard let link = node.connections[id] else { return }
        let message = hearing.inbox.message
        if let key = message.publicKey {
            guard let key = try? PublicKey(protobuf: key), key == link.publicKey else {
                return node.emit(.notIdentified(link.peer, .foreignKey))
            }
        }
        let description = IdentifiedPeer.merge(message, of: link, isPush: hearing.isPush, in: node)
        node.emit(.identified(description))
        node.identifiedLinks.append(id)
    }

    // MARK: Time

    func advance(in node: NodeState) {
        if pushAt <= node.now { push(in: node) }
        var passed = 0
        while passed < due.count, due[passed].at <= node.now || hearings[due[passed].stream.packed] == nil {
            if hearings[due[passed].stream.packed] != nil { fail(due[passed].stream, .timedOut, in: node) }
            passed += 1
        }
        due.removeFirst(passed)
    }
}
