public import CausewayConnection
public import CausewayIdentity
public import CausewayNode

/// A node whose links run over memory to other such nodes, in time that a test sets.
public final class MemoryNode {
    public let node: Node
    public let address: Multiaddr
    public private(set) var links: LinkSet!
    public private(set) var driver: NodeDriver!
    public var now: Instant
    /// What the application was told.
    public private(set) var events: [NodeEvent] = []
    /// Every chunk that left it, in order.
    public fileprivate(set) var sent: [UInt8] = []
    /// Whether nothing leaves it.
    public var isHeld = false
    /// Who listens at an address.
    public var find: (Multiaddr) -> MemoryNode? = { _ in nil }
    /// Makes WebRTC connections; nil: there are none.
    public var peerConnections: ((UInt32, PeerConnectionCommand) -> Void)?
    private var nextAccepted: UInt32 = 1
    private var seed: UInt8

    /// - Parameter seed: of its links' secrets.
    public init?(_ configuration: NodeConfiguration, services: NodeServices, address: Multiaddr, seed: UInt8, now: Instant) {
        guard let identity = try? NoiseIdentity(configuration.identity, staticSecret: Secret([UInt8](repeating: seed + 16, count: 32)))
        else { return nil }
        self.address = address
        self.seed = seed
        self.now = now
        node = Node(configuration, services: services, now: now)
        let settings = Connection.Settings(identity: identity, protocols: node.protocolTable, limits: configuration.limits.connection)
        links = LinkSet(settings, host: self)
        driver = NodeDriver(node, links: links, platform: self)
        node.listening([address], now: now)
    }

    /// Lets all nodes go on until nothing moves.
    public static func settle(_ nodes: [MemoryNode]) {
        for one in nodes { one.driver.input { _ in } }
        var isBusy = true
        while isBusy {
            isBusy = false
            for one in nodes where one.driver.hasWork {
                isBusy = true
                _ = one.driver.turn()
            }
        }
    }

    /// A link of this node's to a link of another's.
    public func connect(_ link: UInt32, to other: MemoryNode, _ far: UInt32, expecting: PeerID? = nil) {
        let (near, far) = (Wire(link, of: self), Wire(far, of: other))
        (near.other, far.other) = (far, near)
        near.carry(links.start(near.id, over: near, isInitiator: true, expecting: expecting))
        far.carry(other.links.start(far.id, over: far, isInitiator: false, expecting: nil))
    }
}

extension MemoryNode: LinkSetHost {
    public func entropy(_ count: Int) -> Secret {
        seed &+= 1
        return Secret([UInt8](repeating: seed, count: count))
    }

    public func linkReported(_ events: [LinkEvent], from link: UInt32) { driver.receive(events, from: link) }
    public func streamOpened(_ stream: UInt32, entry: ProtocolTable.Entry, on link: Link) { link.setOwner(IdleStream(), of: stream) }
    public func linksHaveWork() {}
    public func linkIsGone(_ link: UInt32) {}
}

extension MemoryNode: NodePlatform {
    public func isHere(_ link: UInt32) -> Bool { true }
    public func forward(_ output: NodeOutput, toThreadOf link: UInt32?) {}

    public func dial(_ link: UInt32, _ target: DialTarget) {
        let address = target.address
        guard let other = find(address) else { return driver.receive([.closed(.link(errno: 111))], from: link) }
        let accepted = other.nextAccepted
        other.nextAccepted += 2
        connect(link, to: other, accepted, expecting: target.expecting)
        node.linked(link: link, remote: address, local: self.address, now: now)
        other.driver.input { $0.accepted(link: accepted, remote: self.address, local: address, now: other.now) }
    }

    public func resolve(_ request: UInt32, _ address: Multiaddr) {
        driver.input { $0.resolved(request: request, addresses: [], code: -1, now: now) }
    }

    public func cancelResolve(_ request: UInt32) {}
    public func splice(_ circuit: UInt32, _ source: StreamKey, _ target: StreamKey, limit: CircuitLimit) {}
    public func endSplice(_ circuit: UInt32) {}

    public func peerConnection(_ link: UInt32, _ command: PeerConnectionCommand) {
        if let peerConnections { return peerConnections(link, command) }
        // Nobody here makes any.
        switch command {
        case .offer, .answer: driver.input { $0.peerFailed(link: link, .notConnected, now: now) }
        case .accept, .candidate, .carry, .close: break
        }
    }

    public func deliver(_ event: NodeEvent) { events.append(event) }
}

/// One end of a link over memory.
private final class Wire: Carrier {
    let id: UInt32
    private var link: Link?
    private var connection: Connection?
    var other: Wire?
    private unowned(unsafe) let node: MemoryNode

    init(_ id: UInt32, of node: MemoryNode) {
        self.id = id
        self.node = node
    }

    func carry(_ started: (link: Link, connection: Connection)) { (link, connection) = started }

    func flush() -> Bool {
        guard !node.isHeld, let connection, !connection.wire.isEmpty else { return false }
        var bytes = [UInt8](copying: connection.wire.bytes)
        connection.wireTaken(bytes.count)
        node.sent += bytes
        guard let remote = other?.link, let end = other?.connection else { return true }
        bytes.withUnsafeMutableBytes {
            end.receive($0, now: remote.now)
            remote.turn(now: remote.now)
        }
        remote.markDirty()
        return true
    }

    func isDone(afterGoodbye: Bool) -> Bool { connection?.wire.isEmpty ?? true }

    func close() {
        link = nil
        connection = nil
        guard let other else { return }
        self.other = nil
        other.other = nil
        other.node.links.fail(other.id, .link(errno: 0))
    }
}

/// A stream with which nobody does anything.
public final class IdleStream: StreamOwner {
    public init() {}
    public func streamReady(_ stream: UInt32, protocolID: [UInt8], on link: Link) {}
    public func received(_ bytes: UnsafeMutableRawBufferPointer, stream: UInt32, on link: Link) { link.consumed(stream, bytes.count) }
    public func writable(_ stream: UInt32, on link: Link) {}
    public func finished(_ stream: UInt32, on link: Link) {}
    public func closed(_ stream: UInt32, error: StreamError?, on link: Link) {}
}
