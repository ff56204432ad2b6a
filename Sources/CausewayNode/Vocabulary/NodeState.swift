public import CausewayConnection
public import CausewayIdentity

/// What all protocols of one node share: its identity, the time, its connections, and the queue of outputs.
///
/// Exactly one driver owns it, through `Node`. Protocols get it as an argument and keep no reference.
public final class NodeState {
    public let identity: PrivateKey
    public let peerID: PeerID
    public let limits: NodeLimits
    /// The moment of the input that is being processed.
    public internal(set) var now: Instant
    /// Unix time in nanoseconds at `Instant(nanoseconds: 0)`.
    public internal(set) var unixEpoch: UInt64
    public var random: RandomSource
    public let connections: ConnectionTable
    public let peers: PeerStore
    /// The advertised addresses: bound or announced ones, then those of reservations (`circuitAddresses`), without `/p2p/<self>`.
    public internal(set) var listenAddresses: [Multiaddr] = []
    public internal(set) var circuitAddresses: [Multiaddr] = []

    /// The node's gossip, for protocols that use topics. nil: it has none.
    public internal(set) var topics: (any TopicPublishing)?

    var outputs: [NodeOutput] = []
    var owners = StreamOwners()
    var protocols: [any NodeProtocol] = []
    var lastStream: UInt32 = 1 << 31
    var lastLink: UInt32 = 0
    var addressesDiffer = false
    /// Whether circuits are also advertised with `/webrtc`.
    var advertisesWebRTC = false
    /// Links of circuits and of WebRTC that the shell was asked to make, until they are established or closed.
    var expectedLinks = Table<UInt32, ExpectedLink>()
    /// `Node` drains this after each input, to the dialler.
    var failedPaths: [FailedPath] = []
    /// `Node` drains this after each input, to the dialler. Its answer goes to `connectAnswered` of the owner.
    var connectRequests: [DialRequest] = []
    /// `Node` drains this after each input, to the protocol that asked.
    var connectAnswers: [DialRequest] = []
    var lastConnectRequest: UInt32 = 0
    /// `Node` drains this after each input: the links on which identify results arrived.
    var identifiedLinks: [UInt32] = []
    /// The protocols that the node serves: the protocols' own entries, then the application's.
    public internal(set) var protocolTable = ProtocolTable([])
    /// Peers that are protected from pruning, and how often.
    var spared = BytesTable<Int>()

    init(identity: PrivateKey, limits: NodeLimits, seed: UInt64, unixEpoch: UInt64, now: Instant) {
        self.identity = identity
        peerID = identity.publicKey.peerID
        connections = ConnectionTable(own: peerID)
        self.limits = limits
        self.now = now
        self.unixEpoch = unixEpoch
        random = RandomSource(seed: seed)
        peers = PeerStore(limits: limits)
    }

    /// Seconds since 1970, for expiry times on the wire.
    public var unixSeconds: UInt64 { (unixEpoch &+ now.nanoseconds) / 1_000_000_000 }
    public var unixNanoseconds: UInt64 { unixEpoch &+ now.nanoseconds }

    // MARK: Credit of streams

    /// Credit is returned in steps of an eighth of a stream's first window, so that small messages do not cost a command each.
    private static let creditStep = 32 << 10

    /// Delays credit. A protocol that processes bytes later calls this before `received` returns: the sender gets no credit for them until
    /// `taken` is called. Without it, they count as taken when `received` returns. The beginning of a message must count as taken, because
    /// its end may wait for the credit.
    public func withhold(_ count: Int, of stream: StreamKey) { owners[stream]?.taken -= count }

    /// This many bytes of a stream were taken: the sender may send as many more.
    public func taken(_ count: Int, of stream: StreamKey) {
        guard let owned = owners[stream] else { return }
        owned.taken += count
        guard owned.taken >= Self.creditStep else { return }
        outputs.append(.link(stream.link, .consumed(stream: stream.stream, owned.taken)))
        owned.taken = 0
    }

    // MARK: What protocols request

    public func emit(_ event: NodeEvent) { outputs.append(.event(event)) }
    public func answer(_ request: UInt32, _ answer: Answer) { outputs.append(.event(.answered(request: request, answer))) }
    public func append(_ output: NodeOutput) { outputs.append(output) }

    /// Opens a stream that `owner` owns. It can be written to at once. Answered by `streamReady` or `closed`.
    public func openStream(on link: UInt32, _ protocolIDs: [[UInt8]], for owner: any NodeProtocol) -> StreamKey {
        repeat { lastStream = lastStream == .max ? 1 << 31 : lastStream + 1 } while owners[StreamKey(link: link, stream: lastStream)] != nil
        let key = StreamKey(link: link, stream: lastStream)
        owners.insert(key, index(of: owner))
        outputs.append(.link(link, .openStream(stream: key.stream, protocolIDs: protocolIDs)))
        return key
    }

    /// The index in `protocols`. The protocol must be one of this node's: `StreamOwners` stores the index, and one of another node would
    /// receive foreign streams.
    func index(of owner: any NodeProtocol) -> Int {
        for index in protocols.indices where protocols[index] === owner { return index }
        preconditionFailure("a protocol of another node")
    }

    public func send(_ bytes: [UInt8], on stream: StreamKey, droppable: Bool = false) {
        outputs.append(.link(stream.link, .send(stream: stream.stream, bytes, droppable: droppable)))
    }

    public func finish(_ stream: StreamKey) { outputs.append(.link(stream.link, .finish(stream: stream.stream))) }

    /// Finishes the stream and forgets it. Nothing of it follows. The remote has a few seconds to end it.
    func conclude(_ stream: StreamKey) {
        outputs.append(.link(stream.link, .conclude(stream: stream.stream)))
        release(stream)
    }

    /// Resets the stream and forgets it. Nothing of it follows.
    public func reset(_ stream: StreamKey) {
        owners.remove(stream)
        outputs.append(.link(stream.link, .reset(stream: stream.stream)))
    }

    /// Hands the stream over to a splice or a circuit. Nothing of it follows.
    public func release(_ stream: StreamKey) { owners.remove(stream) }

    /// Closes a connection. From now on it is used for nothing new; `linkClosed` follows when it has ended.
    public func close(_ link: UInt32, _ reason: CloseReason) {
        connections.retire(link)
        outputs.append(.link(link, .close(reason)))
    }

    /// Closes a connection because it is over a limit.
    func cut(_ link: UInt32, _ limit: LimitName, _ value: Int) {
        connections.retire(link)
        outputs.append(.link(link, .cut(limit, value: UInt64(value))))
    }

    /// An even number above 0 for a link that the node makes. After 2^31 links, numbers are used again, except those of living links. A
    /// dial is too short to meet its own number again.
    public func nextLink() -> UInt32 {
        repeat { lastLink &+= 2 } while lastLink == 0 || connections[lastLink] != nil || expectedLinks[lastLink] != nil
        return lastLink
    }

    /// Replaces the addresses of reservations. `Node` then notifies every protocol.
    public func setCircuitAddresses(_ addresses: [Multiaddr]) {
        guard addresses != circuitAddresses else { return }
        circuitAddresses = addresses
        addressesDiffer = true
    }

    /// Listen addresses, then circuits, then WebRTC over these: what others may dial, without `/p2p/<self>`.
    public var advertisedAddresses: [Multiaddr] {
        var addresses = listenAddresses
        for circuit in circuitAddresses { addresses.append(circuit) }
        if advertisesWebRTC { for circuit in circuitAddresses { addresses.append(circuit.appending(.webRTC)) } }
        return addresses
    }

    // MARK: What Node passes from one protocol to another

    var hasUnsettled: Bool {
        addressesDiffer || failedPaths.count + connectRequests.count + connectAnswers.count + identifiedLinks.count > 0
    }
}
