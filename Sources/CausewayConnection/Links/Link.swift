import CausewayIdentity

/// Drives the streams of one connection: takes their outputs and gives each to its owner. The same class serves every shell.
///
/// A shell passes what arrives to the streams' carrier, calls `turn`, and then sends what the carrier has and takes the events. Commands
/// and calls of owners only append. If they come outside a turn, the link notifies the shell by `linkIsDirty`.
public final class Link {
    public let id: UInt32
    /// The connection's streams.
    public let multiplexer: StreamMachine
    /// The moment of the turn or command in progress.
    public private(set) var now: Instant
    /// The circuit that carries the link's bytes, if no socket does.
    public internal(set) var carrier: CircuitTransport?

    /// The link at the bottom: this one, or the one that its circuit runs over.
    public var socket: UInt32 { carrier?.outer.socket ?? id }

    private let shell: any LinkShell
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
    #if !hasFeature(Embedded)
        /// The bytes of all streams so far, both directions together.
        private(set) var moved: UInt64 = 0
        /// Whether streams that become circuits were opened here, by us or by the remote: one of the two is the other's relay.
        private(set) var isToRelay = false
    #endif

    public init(id: UInt32, multiplexer: StreamMachine, shell: any LinkShell, now: Instant) {
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

    /// Processes bytes of the wire where they lie. They are lent until this returns: one call, so that no turn comes after their end.
    public func receive(_ bytes: UnsafeMutableRawBufferPointer, over connection: Connection, now: Instant) {
        connection.receive(bytes, now: now)
        turn(now: now)
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
        case .openStream(let handle, let protocolIDs, let handsOver): openNodeStream(handle, protocolIDs, handsOver)
        case .send(let handle, let bytes, let droppable): nodeStreams[handle]?.send(bytes, droppable: droppable, on: self)
        case .finish(let handle): nodeStreams[handle]?.finish(on: self)
        case .conclude(let handle): nodeStreams[handle]?.conclude(on: self)
        case .reset(let handle): resetNodeStream(handle)
        case .consumed(let handle, let count): nodeStreams[handle]?.consumed(count, on: self)
        case .close(let reason): multiplexer.close(reason)
        case .closeIfIdle(let reason): if multiplexer.ownedStreams == nodeStreams.count { multiplexer.close(reason) }
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
        let stream = try multiplexer.openStream(protocolIDs, owner: owner, now: self.now)
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
        guard let record = multiplexer.streams[stream] else {
            node?.leave()
            owner.closed(stream, error: .closed, on: self)
            return stream
        }
        record.owner = owner
        node?.handOver(to: owner, on: self)
        markDirty()
        return stream
    }

    /// Sends data from where it lies.
    /// - Returns: How many bytes were taken. Offer the rest again when `writable` is called.
    public func write(_ stream: UInt32, _ bytes: UnsafeRawBufferPointer) throws(StreamError) -> Int {
        let taken = try put(bytes, on: stream)
        markDirty()
        return taken
    }

    /// The same for the node's streams, on which the link is working anyway.
    @inline(__always)
    func put(_ bytes: UnsafeRawBufferPointer, on stream: UInt32) throws(StreamError) -> Int {
        let taken = try multiplexer.write(stream, bytes)
        count(taken)
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
        let record = multiplexer.polled
        let owner = record?.owner
        switch output {
        case .data(let stream, let start, let size):
            count(size)
            owner?.received(multiplexer.payload(start, size), stream: stream, on: self)
        case .writable(let stream): owner?.writable(stream, on: self)
        case .delivered(let stream, let error): owner?.delivered(stream, error: error, on: self)
        case .finished(let stream): owner?.finished(stream, on: self)
        case .streamReady(let stream, let protocolID): owner?.streamReady(stream, protocolID: protocolID, on: self)
        case .streamFailed(let stream, let error): owner?.closed(stream, error: error, on: self)
        case .streamClosed(let stream, let error): owner?.closed(stream, error: error, on: self)
        case .streamOpened(_, let entry): if let record { opened(record, entry) }
        case .established(let peer, let key): report(.established(peer: peer, publicKey: key))
        case .roundTrip(let interval): report(.roundTrip(interval))
        case .closed(let error):
            nodeStreams = Table()
            queued = 0
            report(.closed(error))
        }
    }

    /// Counts bytes of a stream. A page does not count.
    @inline(__always)
    private func count(_ bytes: Int) {
        #if !hasFeature(Embedded)
            moved &+= UInt64(bytes)
        #endif
    }

    @inline(__always)
    private func note(_ handsOver: ProtocolTable.HandOver) {
        #if !hasFeature(Embedded)
            if handsOver != .never { isToRelay = true }
        #endif
    }

    private func opened(_ stream: MultiplexedStream, _ entry: ProtocolTable.Entry) {
        note(entry.handsOver)
        switch entry.owner {
        case .node:
            let node = NodeStream(handle: stream.id, stream: stream.id, handsOver: entry.handsOver, opened: entry.name)
            nodeStreams[stream.id] = node
            stream.owner = node
            hasArrivals(node)
        case .application:
            shell.streamOpened(stream.id, entry: entry, on: self)
            if stream.owner == nil { multiplexer.reset(stream.id) }
        }
    }

    // MARK: The node's streams

    private func openNodeStream(_ handle: UInt32, _ protocolIDs: [[UInt8]], _ handsOver: ProtocolTable.HandOver) {
        note(handsOver)
        do throws(StreamError) {
            let node = NodeStream(handle: handle, stream: multiplexer.nextStream, handsOver: handsOver, opened: nil)
            _ = try multiplexer.openStream(protocolIDs, owner: node, now: now)
            nodeStreams[handle] = node
        } catch {
            report(.streamFailed(stream: handle, error))
        }
    }

    private func resetNodeStream(_ handle: UInt32) {
        guard let node = nodeStreams.removeValue(forKey: handle) else { return }
        multiplexer.streams[node.stream]?.owner = nil
        queued -= node.queued
        node.leave()
        multiplexer.turnDown(node.stream)
    }

    /// Resets a stream of the node's because of an error on our side.
    func fail(_ node: NodeStream, _ error: StreamError) {
        node.ended(error, on: self)
        resetNodeStream(node.handle)
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
