import CausewayIdentity

@testable import CausewayConnection

/// A shell over memory: links in pairs, bytes that move at once, an application that collects or echoes.
final class MemoryShell: LinkShell, SpliceObserver {
    var now = Instant(nanoseconds: 1_000_000_000)
    private(set) var links: [UInt32: Link] = [:]
    /// Of the links, by the same numbers.
    private(set) var connections: [UInt32: Connection] = [:]
    private var ends: [UInt32: UInt32] = [:]
    private var dirty: [Link] = []
    var events: [UInt32: [LinkEvent]] = [:]
    /// Streams that were opened to us, and what owns them.
    var inbound: [(link: UInt32, stream: UInt32, owner: Collector)] = []
    var echoes = false
    /// Whether what is opened to us is read.
    var consumes = true
    var spliceEnds: [(isSource: Bool, moved: UInt64, cause: SpliceEnd)] = []
    /// Links whose remote does not read.
    var stalled: Set<UInt32> = []
    private var nextSeed: UInt8 = 1

    func link(
        _ id: UInt32, initiator: Bool, limits: ConnectionLimits = ConnectionLimits(), table: ProtocolTable = MemoryShell.table
    ) -> Link {
        var configuration = Pair.configuration(initiator: initiator, limits: limits, table: table)
        nextSeed += 1
        configuration.entropy = Secret((0..<64).map { $0 &* 3 &+ nextSeed &* 17 })
        let connection = Connection(configuration, now: now)
        let link = Link(id: id, multiplexer: StreamMachine(over: connection, configuration, now: now), shell: self, now: now)
        links[id] = link
        connections[id] = connection
        dirty.append(link)
        return link
    }

    static var settings: Connection.Settings {
        let configuration = Pair.configuration(initiator: true, limits: ConnectionLimits(), table: table)
        return Connection.Settings(identity: configuration.identity, protocols: table, limits: configuration.limits)
    }
    static let hop = ProtocolTable.Entry(
        name: [UInt8]("/libp2p/circuit/relay/0.2.0/hop".utf8), owner: .node, allowsLimited: true, handsOver: .afterOneMessage)
    static let stop = ProtocolTable.Entry(
        name: [UInt8]("/libp2p/circuit/relay/0.2.0/stop".utf8), owner: .node, allowsLimited: true, handsOver: .afterOneMessage)
    static let table = ProtocolTable(Pair.table.entries + [hop, stop])

    func connect(_ one: UInt32, _ two: UInt32) {
        ends[one] = two
        ends[two] = one
        run()
    }

    func linkIsDirty(_ link: Link) { dirty.append(link) }

    func streamOpened(_ stream: UInt32, entry: ProtocolTable.Entry, on link: Link) {
        let owner = Collector()
        owner.echoes = echoes
        owner.consumes = consumes
        inbound.append((link.id, stream, owner))
        link.setOwner(owner, of: stream)
    }

    func spliceLegEnded(circuit: UInt32, isSource: Bool, moved: UInt64, cause: SpliceEnd) {
        spliceEnds.append((isSource, moved, cause))
    }

    /// Turns links and moves bytes until everything is quiet.
    func run() {
        var isBusy = true
        while isBusy {
            isBusy = false
            while !dirty.isEmpty {
                isBusy = true
                let link = dirty.removeFirst()
                link.turn(now: now)
                events[link.id, default: []] += link.takeEvents()
            }
            for id in links.keys.sorted() {
                guard let link = links[id], let connection = connections[id], let end = ends[id], let other = links[end],
                    !stalled.contains(id), !connection.wire.isEmpty
                else { continue }
                isBusy = true
                var bytes = [UInt8](copying: connection.wire.bytes)
                connection.wireTaken(bytes.count)
                dirty.append(link)
                bytes.withUnsafeMutableBytes {
                    connections[end]!.receive($0, now: now)
                    other.turn(now: now)
                }
                events[other.id, default: []] += other.takeEvents()
            }
        }
    }

    func forget(_ id: UInt32) {
        links[id] = nil
        connections[id] = nil
    }

    func handle(openedOn link: UInt32) -> UInt32? {
        for event in events[link] ?? [] {
            if case .streamOpened(let stream, _) = event { return stream }
        }
        return nil
    }

    func data(on link: UInt32, _ stream: UInt32) -> [UInt8] {
        var bytes: [UInt8] = []
        for case .data(stream, let piece) in events[link] ?? [] { bytes += piece }
        return bytes
    }
}

/// An application's stream: keeps what comes, writes what it is given.
final class Collector: StreamOwner {
    var received: [UInt8] = []
    var toSend: [UInt8] = []
    var consumes = true
    var echoes = false
    var finishesWhenSent = false
    var isReady = false
    var isFinished = false
    var closedWith: StreamError??

    func streamReady(_ stream: UInt32, protocolID: [UInt8], on link: Link) {
        isReady = true
        push(stream, link)
    }

    func received(_ bytes: UnsafeMutableRawBufferPointer, stream: UInt32, on link: Link) {
        received += [UInt8](copying: UnsafeRawBufferPointer(bytes))
        if echoes {
            toSend += [UInt8](copying: UnsafeRawBufferPointer(bytes))
            push(stream, link)
        }
        if consumes { link.consumed(stream, bytes.count) }
    }

    func writable(_ stream: UInt32, on link: Link) { push(stream, link) }

    func finished(_ stream: UInt32, on link: Link) {
        isFinished = true
        if echoes { finishesWhenSent = true }
        push(stream, link)
    }

    func closed(_ stream: UInt32, error: StreamError?, on link: Link) { closedWith = .some(error) }

    func push(_ stream: UInt32, _ link: Link) {
        guard let taken = try? toSend.withUnsafeBytes({ try link.write(stream, $0) }) else { return }
        toSend.removeFirst(taken)
        if toSend.isEmpty, finishesWhenSent { link.finish(stream) }
    }
}
