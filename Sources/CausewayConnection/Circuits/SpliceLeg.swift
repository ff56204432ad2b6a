import CausewayIdentity

/// The destination of a leg's bytes: the other leg, or, in a shell with several threads, a stand-in that posts the calls to the other leg's
/// thread.
public protocol SplicePeer: AnyObject {
    /// Takes all bytes, at once or into a queue that the sender's receive window bounds. Returns how many left at once; `moved` reports the
    /// rest to the leg that they came from. A stand-in copies them and returns 0.
    func forward(_ bytes: UnsafeRawBufferPointer) -> Int
    /// This many of the bytes that this leg gave to the other have left.
    func moved(_ count: Int)
    /// The other leg's remote finished: finish our direction after the queued bytes.
    func finish()
    /// The other leg has ended: end this one, after the queued bytes if the cause is a limit or the end of the other's connection.
    func end(_ cause: SpliceEnd)
}

/// Why a splice, or one leg of it, ended.
public enum SpliceEnd: Equatable, Sendable {
    /// Both remotes finished.
    case finished
    /// The circuit's limit of bytes in one direction.
    case limit
    /// One end reset its stream or lost its connection.
    case failed(StreamError)
    /// The node ended it: the circuit's time was up.
    case ended
}

/// Is notified of the end of each leg, once.
public protocol SpliceObserver: AnyObject {
    /// - Parameter moved: The bytes that came in on this leg and were passed on.
    func spliceLegEnded(circuit: UInt32, isSource: Bool, moved: UInt64, cause: SpliceEnd)
}

/// One end of a circuit inside a relay. Whatever arrives on its stream goes to the other leg's stream, sealed from where it was opened.
///
/// Credit is returned to the sender only when the other side has taken the bytes. So a slow reader holds back the far end, and a leg never
/// queues more than the receive window of the other. Call `start` on both legs, each on its link's thread.
public final class SpliceLeg: StreamOwner, SplicePeer {
    public let circuit: UInt32
    public let isSource: Bool
    /// The bytes that came in here and were passed on.
    public private(set) var moved: UInt64 = 0

    private let link: Link
    private var stream: UInt32
    private let limit: UInt64
    private var peer: (any SplicePeer)?
    private var observer: (any SpliceObserver)?
    private var queue = ByteQueue()
    private var isStarted = false
    private var isFinishing = false
    /// Set when the leg has to end as soon as the queue is empty.
    private var ending: SpliceEnd?
    private var isOver = false

    /// - Parameters:
    ///   - stream: the stream's handle, owned by the node so far.
    ///   - limit: bytes that may pass from this leg to the other; nil for no limit.
    public init(circuit: UInt32, isSource: Bool, link: Link, stream: UInt32, limit: UInt64?, observer: any SpliceObserver) {
        self.circuit = circuit
        self.isSource = isSource
        self.link = link
        self.stream = stream
        self.limit = limit ?? .max
        self.observer = observer
    }

    /// Takes the stream over. Everything that arrives goes to `peer`, what came behind the stream's control message first.
    public func start(peer: any SplicePeer) {
        self.peer = peer
        stream = link.setOwner(self, of: stream)
        isStarted = true
        drain()
        endIfDrained()
    }

    /// Joins both legs of a splice on one thread.
    public static func join(_ source: SpliceLeg, _ target: SpliceLeg) {
        source.peer = target
        target.start(peer: source)
        source.start(peer: target)
    }

    // MARK: From the stream

    public func streamReady(_ stream: UInt32, protocolID: [UInt8], on link: Link) {}

    public func received(_ bytes: UnsafeMutableRawBufferPointer, stream: UInt32, on link: Link) {
        self.stream = stream
        let taken = passOn(UnsafeRawBufferPointer(bytes))
        if taken > 0 { link.consumed(stream, taken) }
    }

    /// Gives the bytes to the other leg as far as the limit allows. At the limit, both legs end.
    private func passOn(_ bytes: UnsafeRawBufferPointer) -> Int {
        guard let peer, !isOver, ending == nil else { return 0 }
        let allowed = Int(min(UInt64(bytes.count), limit - moved))
        moved += UInt64(allowed)
        let taken = allowed > 0 ? peer.forward(UnsafeRawBufferPointer(rebasing: bytes[..<allowed])) : 0
        if allowed < bytes.count {
            peer.end(.limit)
            end(.limit)
        }
        return taken
    }

    public func writable(_ stream: UInt32, on link: Link) { drain() }

    public func finished(_ stream: UInt32, on link: Link) { peer?.finish() }

    public func closed(_ stream: UInt32, error: StreamError?, on link: Link) {
        let cause = error.map { SpliceEnd.failed($0) } ?? .finished
        if let error, ending == nil { peer?.end(.failed(error)) }
        conclude(ending ?? cause)
    }

    // MARK: From the other leg

    public func forward(_ bytes: UnsafeRawBufferPointer) -> Int {
        guard !isOver, ending == nil else { return 0 }
        var taken = 0
        if isStarted, queue.isEmpty {
            do throws(StreamError) {
                taken = try link.write(stream, bytes)
            } catch {
                return 0
            }
        }
        if taken < bytes.count { queue.append(UnsafeRawBufferPointer(rebasing: bytes[taken...])) }
        return taken
    }

    public func moved(_ count: Int) {
        guard !isOver else { return }
        link.consumed(stream, count)
    }

    public func finish() {
        isFinishing = true
        if isStarted, queue.isEmpty, !isOver { link.finish(stream) }
    }

    public func end(_ cause: SpliceEnd) {
        guard !isOver else { return }
        if ending == nil { ending = cause }
        if queue.isEmpty || !awaitsQueue(cause) { link.reset(stream) }
    }

    /// Whether what the other end sent still arrives: not after a reset, unless it had finished, and not when the circuit's time is up.
    private func awaitsQueue(_ cause: SpliceEnd) -> Bool {
        switch cause {
        case .limit, .failed(.connection): true
        case .ended: false
        case .finished, .failed: isFinishing
        }
    }

    // MARK: The queue

    private func drain() {
        guard !queue.isEmpty, !isOver else { return }
        do throws(StreamError) {
            let taken = try link.write(stream, queue.bytes)
            queue.drop(taken)
            if taken > 0 { peer?.moved(taken) }
        } catch {
            return
        }
        if queue.isEmpty { queue.release() }
        endIfDrained()
    }

    /// Nothing is queued any more: what the other leg asked for meanwhile is done.
    private func endIfDrained() {
        guard queue.isEmpty, !isOver else { return }
        if ending != nil {
            link.reset(stream)
        } else if isFinishing {
            link.finish(stream)
        }
    }

    private func conclude(_ cause: SpliceEnd) {
        guard !isOver else { return }
        isOver = true
        queue.drop(queue.count)
        queue.release()
        observer?.spliceLegEnded(circuit: circuit, isSource: isSource, moved: moved, cause: cause)
        observer = nil
        peer = nil
    }
}
