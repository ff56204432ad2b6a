import CausewayConnection
import CausewayIdentity
import CausewayRuntime
import Synchronization

/// The resumable streams that peers have opened here, by peer and token, and what carries them again.
final class ResumableStreams: Sendable {
    private struct Key: Hashable {
        let peer: PeerID
        let token: [UInt8]
    }
    private let limits: ResumptionLimits
    private let state = Mutex(State())

    /// Bound: carriers whose opening has not arrived. The oldest gives way to the next. There is no timer for each: it would outlive a
    /// carrier that is over at once.
    static let openings = 64

    private struct State {
        var streams: [Key: ResumableStream] = [:]
        var openings: [Stream] = []
        /// Streams whose carrier is lost, each since when.
        var lost: [Key: (carriage: Carriage, since: ContinuousClock.Instant)] = [:]
        /// Ends those that stay lost. One for all: a timer for each would stay with the runtime until its time, though the stream is
        /// carried again at once.
        var watch: Task<Void, Never>?
        var isOver = false
    }

    init(_ limits: ResumptionLimits) { self.limits = limits }

    var count: Int { state.withLock { $0.streams.count } }

    /// Ends them all, at the end of the node.
    func end() {
        let streams = state.withLock { state in
            state.isOver = true
            state.lost = [:]
            state.watch?.cancel()
            defer { state.streams = [:] }
            return Array(state.streams.values)
        }
        for stream in streams { stream.endTooLate() }
    }

    /// Serves one stream that carries a resumable one, until it ends.
    /// - Parameter opened: called with a stream that is new.
    func serve(_ carrier: Stream, on shell: NativeShell, opened: @Sendable (ResumableStream) -> Void) async {
        guard let opening = await opening(of: carrier) else { return carrier.reset() }
        let key = Key(peer: carrier.peer, token: opening.token)
        do throws(ResumptionFault) {
            let (stream, isNew) = try find(key, opening)
            let (carriage, received) = try stream.resume(over: carrier, remoteReceived: opening.received)
            try? await carrier.write(ResumptionFrame.Answer(received: received).bytes)
            if isNew { opened(stream) }
            await carry(stream, by: carriage, on: shell)
            carried(stream, key, by: carriage)
        } catch {
            try? await carrier.write(ResumptionFrame.Answer(refusal: error).bytes)
            carrier.beginClosing()
        }
    }

    private func opening(of carrier: Stream) async -> ResumptionFrame.Opening? {
        let oldest = state.withLock { state in
            state.openings.append(carrier)
            return state.openings.count > Self.openings ? state.openings.removeFirst() : nil
        }
        oldest?.reset()
        defer { state.withLock { $0.openings.removeAll { $0 === carrier } } }
        guard let bytes = try? await carrier.read(exactly: ResumptionFrame.Opening.size) else { return nil }
        return try? ResumptionFrame.Opening(bytes)
    }

    private func find(_ key: Key, _ opening: ResumptionFrame.Opening) throws(ResumptionFault) -> (ResumableStream, isNew: Bool) {
        let result = state.withLock { state -> Result<(ResumableStream, isNew: Bool), ResumptionFault> in
            if let stream = state.streams[key] { return .success((stream, false)) }
            guard opening.isNew, !state.isOver else { return .failure(.unknownStream) }
            guard opening.received == 0 else { return .failure(.impossiblePosition) }
            let ofPeer = state.streams.keys.count { $0.peer == key.peer }
            guard ofPeer < limits.streamsPerPeer, state.streams.count < limits.streams else { return .failure(.tooManyStreams) }
            let stream = ResumableStream(token: key.token, limits: limits)
            state.streams[key] = stream
            return .success((stream, true))
        }
        return try result.get()
    }

    private func carry(_ stream: ResumableStream, by carriage: Carriage, on shell: NativeShell) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await stream.carry(by: carriage) }
            group.addTask { _ = await StallWatch(stream, with: carriage.stream.peer, shell).watch() }
            await group.next()
            group.cancelAll()
        }
    }

    // MARK: Waiting for the next carrier

    /// How many streams wait for a carrier, and how many timers run for them, for tests.
    var lost: (streams: Int, timers: Int) { state.withLock { ($0.lost.count, $0.watch == nil ? 0 : 1) } }

    /// A carrier has ended. If none has taken its place, the opener has until the deadline to bring one.
    private func carried(_ stream: ResumableStream, _ key: Key, by carriage: Carriage) {
        if stream.isOver { return forget(stream, key) }
        carriage.stream.reset()
        state.withLock { state in
            guard !state.isOver, state.streams[key] === stream, stream.isCarried(by: carriage) else { return }
            state.lost[key] = (carriage, .now)
            if state.watch == nil { state.watch = Task { [weak self] in await self?.endLost() } }
        }
    }

    /// By the same token, the peer may have opened another one since.
    private func forget(_ stream: ResumableStream, _ key: Key) {
        state.withLock { state in
            guard state.streams[key] === stream else { return }
            state.streams[key] = nil
            state.lost[key] = nil
        }
    }

    /// Runs while there are any.
    private func endLost() async {
        while let next = endOverdue() {
            guard (try? await Task.sleep(until: next, clock: .continuous)) != nil else { return }
        }
    }

    /// Ends the streams whose time is over, and returns when to look again.
    private func endOverdue() -> ContinuousClock.Instant? {
        let (overdue, next) = state.withLock { state in
            var overdue: [(Key, ResumableStream)] = []
            for (key, lost) in state.lost {
                guard let stream = state.streams[key], stream.isCarried(by: lost.carriage) else {
                    state.lost[key] = nil
                    continue
                }
                guard lost.since + limits.deadline.duration <= .now else { continue }
                state.lost[key] = nil
                overdue.append((key, stream))
            }
            let next = state.lost.values.map(\.since).min().map { $0 + limits.deadline.duration }
            if next == nil { state.watch = nil }
            return (overdue, next)
        }
        for (key, stream) in overdue {
            stream.endTooLate()
            forget(stream, key)
        }
        return next
    }
}
