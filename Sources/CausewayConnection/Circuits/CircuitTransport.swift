import CausewayIdentity

/// Carries a link's bytes over a stream of another link: one end of a circuit.
///
/// Bytes are opened and sealed in the outer connection's buffers, and back-pressure passes through in both directions. When the relay ends
/// the circuit because of a limit, the inner connection learns which limit it was.
public final class CircuitTransport: StreamOwner, Carrier {
    public let inner: Link
    /// The inner link's.
    private let connection: Connection
    /// The bytes that went out, and those that came in.
    public private(set) var sent: UInt64 = 0
    public private(set) var received: UInt64 = 0

    let outer: Link
    private var stream: UInt32
    /// The limit that the relay announced for the circuit. nil: it announced none.
    public let advertisedLimit: CircuitLimit?
    private let limit: CircuitLimit
    private let openedAt: Instant
    private var isStarted = false
    private var isOver = false

    /// - Parameters:
    ///   - stream: the outer stream's handle, owned by the node so far.
    ///   - limit: what the relay allows the circuit; nil if it named no limit.
    public init(inner: Link, _ connection: Connection, over outer: Link, stream: UInt32, limit: CircuitLimit?, now: Instant) {
        self.inner = inner
        self.connection = connection
        self.outer = outer
        self.stream = stream
        advertisedLimit = limit
        self.limit = limit ?? .unlimited
        openedAt = now
        inner.carrier = self
    }

    /// Takes over the outer stream. Call this once the shell knows the inner link.
    public func start(now: Instant) {
        stream = outer.setOwner(self, of: stream)
        isStarted = true
        inner.turn(now: now)
        inner.markDirty()
    }

    // MARK: From the outer stream

    public func streamReady(_ stream: UInt32, protocolID: [UInt8], on link: Link) {}

    public func received(_ bytes: UnsafeMutableRawBufferPointer, stream: UInt32, on link: Link) {
        self.stream = stream
        isStarted = true
        received &+= UInt64(bytes.count)
        connection.receive(bytes, now: outer.now)
        turnInner(now: outer.now)
        link.consumed(stream, bytes.count)
    }

    public func writable(_ stream: UInt32, on link: Link) {
        turnInner(now: link.now)
    }

    /// Turns the inner link within the outer one's turn. Its shell, which takes no part in that, hears of it if something is to be told or
    /// to be done sooner than it knows.
    private func turnInner(now: Instant) {
        let deadline = inner.multiplexer.nextDeadline
        inner.turn(now: now)
        if inner.hasEvents || inner.multiplexer.nextDeadline < deadline { inner.markDirty() }
    }

    public func finished(_ stream: UInt32, on link: Link) { end(.link(errno: 0), streams: reachedLimit(now: link.now), now: link.now) }

    public func closed(_ stream: UInt32, error: StreamError?, on link: Link) {
        isOver = true
        end(linkError(error), streams: reachedLimit(now: link.now), now: link.now)
        inner.carrier = nil
    }

    private func end(_ error: ConnectionError, streams: StreamError?, now: Instant) {
        if case .circuitLimit(let name, let value, _)? = streams {
            inner.multiplexer.linkFailed(.limit(name, value: value), streams: streams)
        } else {
            inner.multiplexer.linkFailed(error, streams: nil)
        }
        inner.turn(now: now)
        inner.markDirty()
    }

    private func linkError(_ error: StreamError?) -> ConnectionError {
        switch error {
        case .connection(let error): error
        default: .link(errno: 0)
        }
    }

    /// A relay ends a circuit at its limit by a bare reset or FIN, so the bytes moved and the time show the reason. Some relays count each
    /// direction, some count their sum.
    private func reachedLimit(now: Instant) -> StreamError? {
        if let bytes = limit.bytes, sent &+ received >= bytes {
            // Of what we sent, the relay passed on at most that much.
            return .circuitLimit(.circuitBytes, value: bytes, moved: min(max(sent, received), bytes))
        }
        if let seconds = limit.seconds, (now - openedAt).seconds + 1 >= UInt64(seconds) {
            return .circuitLimit(.circuitDuration, value: UInt64(seconds), moved: max(sent, received))
        }
        return nil
    }

    /// What is left of the limit that the relay announced. nil: it announced none.
    public func remaining(at now: Instant) -> CircuitLimit? {
        guard var left = advertisedLimit else { return nil }
        if let bytes = left.bytes { left.bytes = bytes - min(bytes, max(sent, received)) }
        if let seconds = left.seconds { left.seconds = seconds - UInt32(min(UInt64(seconds), (now - openedAt).seconds)) }
        return left
    }

    // MARK: From the inner link

    /// Moves what the inner connection wants to send. Returns whether that made room on its wire.
    public func flush() -> Bool {
        var moved = 0
        while isStarted, !isOver, !connection.wire.isEmpty {
            do throws(StreamError) {
                let taken = try outer.write(stream, connection.wire.bytes)
                if taken == 0 { break }
                connection.wireTaken(taken)
                moved += taken
            } catch {
                isOver = true
            }
        }
        sent &+= UInt64(moved)
        if isStarted, inner.multiplexer.isClosed, !isOver { endStream() }
        return moved > 0
    }

    public func isDone(afterGoodbye: Bool) -> Bool { isOver || connection.wire.isEmpty }

    /// What has not left by now has a few seconds more, as the outer stream has.
    public func close() {}

    /// Everything on the wire goes out before our direction ends, and the other end has some seconds to end its own: otherwise a
    /// half-closed circuit would hold its share of the relay for as long as the other end likes. A circuit whose remote was never
    /// authenticated ends at once.
    private func endStream() {
        guard inner.multiplexer.remotePeer != nil else {
            isOver = true
            return outer.reset(stream)
        }
        outer.multiplexer.expectEnd(of: stream)
        outer.markDirty()
        guard connection.wire.isEmpty else { return }
        isOver = true
        outer.finish(stream)
    }
}
