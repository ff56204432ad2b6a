import CausewayIdentity

/// Drives one connection: takes its outputs and gives each stream to its owner. The same class serves every shell.
///
/// A shell passes arriving bytes to the multiplexer, calls `turn`, and then sends the multiplexer's bytes and takes the events. Commands
/// and calls of owners only append. If they come outside a turn, the link notifies the shell by `linkIsDirty`.
public class Link {
    public let id: UInt32
    /// The connection that this link drives.
    public let multiplexer: StreamMultiplexer
    /// The moment of the turn or command in progress.
    public private(set) var now: Instant
    /// The circuit that carries the link's bytes, if no socket does.
    public internal(set) var carrier: CircuitTransport?

    /// The link at the bottom: this one, or the one that its circuit runs over.
    public var socket: UInt32 { carrier?.outer.socket ?? id }

    private let shell: any LinkShell
    private var owners = Table<UInt32, any StreamOwner>()
    /// The streams that the node owns, by handle.
    private var nodeStreams = Table<UInt32, NodeStream>()
    private var events: [LinkEvent] = []
    /// The first and the last of the node's streams with something to report that is in no event yet.
    private var firstArrival: NodeStream?
    private var lastArrival: NodeStream?
    /// The node's bytes that wait in its streams.
    var queued = 0
    /// The value of `held` that was last reported to the node, and when.
    private var told = 0
    private var toldAt = Instant(nanoseconds: 0)
    private var isInTurn = false
    private var isDirty = false

    public init(id: UInt32, multiplexer: StreamMultiplexer, shell: any LinkShell, now: Instant) {
        self.id = id
        self.multiplexer = multiplexer
        self.shell = shell
        self.now = now
    }

    // MARK: Driving

    /// Processes everything that was received, has timed out or was requested. Does nothing if called from within itself.
    public func turn(now: Instant) {
        guard !isInTurn else { return }
        self.now = max(self.now, now)
        isInTurn = true
        isDirty = false
        repeat {
            while let output = multiplexer.pollOutput() { route(output) }
            weigh()
        } while carrier?.flush() ?? false
        isInTurn = false
    }

    /// Handles deadlines that have passed. `turn` shows the results.
    public func advance(to now: Instant) {
        self.now = max(self.now, now)
        multiplexer.advance(to: now)
        markDirty()
    }

    public var hasEvents: Bool { !events.isEmpty || firstArrival != nil }

    /// The events for the node, in order.
    public func takeEvents() -> [LinkEvent] {
        reportArrivals()
        let taken = events
        events = []
        return taken
    }

    public func apply(_ command: LinkCommand, now: Instant) {
        self.now = max(self.now, now)
        switch command {
        case .openStream(let handle, let protocolIDs): openNodeStream(handle, protocolIDs)
        case .send(let handle, let bytes, let droppable): nodeStreams[handle]?.send(bytes, droppable: droppable, on: self)
        case .finish(let handle): nodeStreams[handle]?.finish(on: self)
        case .conclude(let handle): nodeStreams[handle]?.conclude(on: self)
        case .reset(let handle): resetNodeStream(handle)
        case .consumed(let handle, let count): nodeStreams[handle]?.consumed(count, on: self)
        case .close(let reason): multiplexer.close(reason)
        case .closeIfIdle(let reason): if owners.count == nodeStreams.count { multiplexer.close(reason) }
        case .cut(let limit, let value): multiplexer.fail(.limit(limit, value: value))
        case .cancelDial: break
        }
        markDirty()
    }

    /// The link below has ended. `errno` is 0 for an orderly end.
    public func linkClosed(errno: Int32) {
        multiplexer.linkClosed(errno: errno)
        markDirty()
    }

    // MARK: For owners of streams

    /// Opens a stream. `owner` gets `streamReady` or `closed`. With a single proposal, the stream can be written to at once.
    public func openStream(_ protocolIDs: [[UInt8]], owner: any StreamOwner, now: Instant) throws(StreamError) -> UInt32 {
        self.now = max(self.now, now)
        let stream = try multiplexer.openStream(protocolIDs, now: self.now)
        owners[stream] = owner
        markDirty()
        return stream
    }

    /// Gives a stream to `owner`: one that was just opened, or one of the node's, by its handle. Bytes that already arrived for the new
    /// owner are delivered before this returns. If the stream has ended, `closed` is called.
    /// - Returns: The stream's Yamux id, by which its owner knows it.
    @discardableResult
    public func setOwner(_ owner: any StreamOwner, of handle: UInt32) -> UInt32 {
        let node = nodeStreams.removeValue(forKey: handle)
        let stream = node?.stream ?? handle
        guard multiplexer.hasStream(stream) else {
            owners[stream] = nil
            owner.closed(stream, error: .closed, on: self)
            return stream
        }
        owners[stream] = owner
        node?.handOver(to: owner, on: self)
        markDirty()
        return stream
    }

    /// Sends data from where it lies.
    /// - Returns: How many bytes were taken. Offer the rest again when `writable` is called.
    public func write(_ stream: UInt32, _ bytes: UnsafeRawBufferPointer) throws(StreamError) -> Int {
        let taken = try multiplexer.write(stream, bytes)
        markDirty()
        return taken
    }

    /// Finishes our direction. The owner gets `delivered`. The stream is over when the remote has finished, too.
    public func finish(_ stream: UInt32) {
        multiplexer.finish(stream)
        markDirty()
    }

    /// Ends both directions at once. The owner gets `closed` with `.resetLocally`.
    public func reset(_ stream: UInt32, code: UInt32 = 0) {
        multiplexer.reset(stream, code: code)
        markDirty()
    }

    /// Returns the credit of bytes that `received` brought.
    public func consumed(_ stream: UInt32, _ count: Int) {
        multiplexer.consumed(stream, count)
        markDirty()
    }

    // MARK: What the remote makes it hold

    /// How much `held` must change before the node gets an event.
    public static let heldStep = 32 << 10
    private static let heldPause = Interval.milliseconds(250)

    /// The bytes that the remote makes this link hold: those that streams' owners were given and have not consumed, those that wait for the
    /// remote to read, and the cost of the streams.
    public var held: Int { multiplexer.held + queued }

    /// Enforces the bound, and reports changes to the node.
    private func weigh() {
        guard multiplexer.remotePeer != nil, !multiplexer.isClosed else { return }
        let held = held
        let limit = multiplexer.limits.held
        if held > limit {
            multiplexer.fail(.limit(.heldPerConnection, value: UInt64(limit)))
            while let output = multiplexer.pollOutput() { route(output) }
            return
        }
        multiplexer.revisit = .distantFuture
        guard abs(held - told) >= Self.heldStep else { return }
        guard now - toldAt >= Self.heldPause || toldAt.nanoseconds == 0 else {
            multiplexer.revisit = toldAt + Self.heldPause
            return
        }
        told = held
        toldAt = now
        report(.held(held))
    }

    // MARK: Routing

    private func route(_ output: ConnectionOutput) {
        switch output {
        case .data(let stream, let start, let count):
            owners[stream]?.received(multiplexer.payload(start, count), stream: stream, on: self)
        case .writable(let stream): owners[stream]?.writable(stream, on: self)
        case .delivered(let stream, let error): owners[stream]?.delivered(stream, error: error, on: self)
        case .finished(let stream): owners[stream]?.finished(stream, on: self)
        case .streamReady(let stream, let protocolID): owners[stream]?.streamReady(stream, protocolID: protocolID, on: self)
        case .streamFailed(let stream, let error): owners.removeValue(forKey: stream)?.closed(stream, error: error, on: self)
        case .streamClosed(let stream, let error): owners.removeValue(forKey: stream)?.closed(stream, error: error, on: self)
        case .streamOpened(let stream, let entry): opened(stream, entry)
        case .established(let peer, let key): report(.established(peer: peer, publicKey: key))
        case .roundTrip(let interval): report(.roundTrip(interval))
        case .closed(let error):
            owners = Table()
            nodeStreams = Table()
            queued = 0
            report(.closed(error))
        }
    }

    private func opened(_ stream: UInt32, _ entry: ProtocolTable.Entry) {
        switch entry.owner {
        case .node:
            let node = NodeStream(handle: stream, stream: stream, protocolID: entry.name)
            nodeStreams[stream] = node
            owners[stream] = node
            hasArrivals(node)
        case .application:
            shell.streamOpened(stream, entry: entry, on: self)
            if owners[stream] == nil { multiplexer.reset(stream, code: 0) }
        }
    }

    // MARK: The node's streams

    private func openNodeStream(_ handle: UInt32, _ protocolIDs: [[UInt8]]) {
        do throws(StreamError) {
            let stream = try multiplexer.openStream(protocolIDs, now: now)
            let node = NodeStream(handle: handle, stream: stream, protocolID: nil)
            nodeStreams[handle] = node
            owners[stream] = node
        } catch {
            report(.streamFailed(stream: handle, error))
        }
    }

    private func resetNodeStream(_ handle: UInt32) {
        guard let node = nodeStreams.removeValue(forKey: handle) else { return }
        owners[node.stream] = nil
        queued -= node.queued
        multiplexer.turnDown(node.stream)
    }

    /// Resets a stream of the node's because of an error on our side.
    func fail(_ node: NodeStream, _ error: StreamError) {
        resetNodeStream(node.handle)
        node.ended(error, on: self)
    }

    func forget(_ node: NodeStream) {
        nodeStreams[node.handle] = nil
        queued -= node.queued
    }

    /// Appends an event, after the events for all bytes that arrived before it.
    func report(_ event: LinkEvent) {
        reportArrivals()
        events.append(event)
    }

    /// The stream has something to report: its opening, or bytes. Further bytes may be joined to these until the events are taken.
    func hasArrivals(_ node: NodeStream) {
        if let lastArrival { lastArrival.nextArrival = node } else { firstArrival = node }
        lastArrival = node
    }

    func reportArrivals() {
        while let node = firstArrival {
            firstArrival = node.nextArrival
            node.nextArrival = nil
            node.takeArrivals(into: &events)
        }
        lastArrival = nil
    }

    /// Tells the shell, once, that there is something to do: also to be called when what carries the link has bytes for it, or room.
    public func markDirty() {
        guard !isInTurn, !isDirty else { return }
        isDirty = true
        shell.linkIsDirty(self)
    }
}

/// A link that carries bytes, from which a `Connection` makes streams.
///
/// The shell passes them to `connection` (`prepare`, `receive`) and writes `connection.wire`. If another link's stream carries them, there
/// is a `carrier` and nothing to write: `turn` does it.
public final class ByteLink: Link {
    /// The connection that this link drives.
    public let connection: Connection

    public init(id: UInt32, connection: Connection, shell: any LinkShell, now: Instant) {
        self.connection = connection
        super.init(id: id, multiplexer: connection, shell: shell, now: now)
    }
}
