import CausewayConnection
import CausewayIdentity
import Synchronization

/// The state of a `Stream` that goes on over another connection when its own ends: what both directions have confirmed, and the ordinary
/// stream that carries it now, if one does.
///
/// The application reads and writes here. `carry` moves the bytes; the opener (`ResumableOpener`) and the acceptor (`ResumableStreams`) say
/// over which stream.
final class ResumableStream: Sendable {
    let token: [UInt8]
    let limits: ResumptionLimits
    private let state = Mutex(State())
    private let readable = Signal()
    private let writable = Signal()
    /// The remote has confirmed our end, or the stream has failed.
    private let settled = Latch()

    private struct State {
        var resumption = Resumption()
        var inbox = PieceQueue(keptApart: 64)
        /// What carries it now. What an earlier one still brings is not wanted.
        var carriage: Carriage?
        var resumed = 0
        /// Whether something is being written to the carriage, which takes as long as the remote does not read.
        var isSending = false
        var isReading = false
        var isWriting = false
        var isDiscarding = false
        var discarded = 0
        var isOver = false
        var failure: StreamError?
    }

    init(token: [UInt8], limits: ResumptionLimits) {
        self.token = token
        self.limits = limits
    }

    /// Whether nothing more will be sent or received.
    var isOver: Bool { state.withLock { $0.isOver } }

    /// What the circuit that carries it now may carry still.
    var limit: CircuitLimit? {
        get async {
            let carriage = state.withLock { $0.carriage }
            return await carriage?.stream.limit
        }
    }

    /// How often it was begun or resumed over a stream.
    var resumed: Int { state.withLock { $0.resumed } }

    /// Whether both sides have everything, as far as this side can know.
    var isComplete: Bool { state.withLock { $0.resumption.isComplete } }

    private var unconfirmed: Int { state.withLock { $0.resumption.unconfirmed } }

    // MARK: Reading

    nonisolated(nonsending) func read(atMost limit: Int = .max) async throws(StreamError) -> [UInt8]? {
        guard
            (state.withLock { state in
                defer { state.isReading = true }
                return !state.isReading
            })
        else { throw .busy }
        defer { state.withLock { $0.isReading = false } }
        while true {
            if let ready = takeReady(limit) { return try ready.get() }
            await readable.wait()
            if Task.isCancelled { throw .cancelled }
        }
    }

    nonisolated(nonsending) func read(exactly count: Int) async throws(StreamError) -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count {
            guard let chunk = try await read(atMost: count - bytes.count) else { throw .closed }
            if bytes.isEmpty { bytes = chunk } else { bytes += chunk }
        }
        return bytes
    }

    /// The result of a read that need not wait.
    private func takeReady(_ limit: Int) -> Result<[UInt8]?, StreamError>? {
        let ready = state.withLock { state -> Result<[UInt8]?, StreamError>? in
            if let chunk = state.inbox.takeFirst(atMost: limit) {
                state.resumption.consume(chunk.count)
                return .success(chunk)
            }
            if state.resumption.remoteHasEnded, !state.resumption.isReset { return .success(nil) }
            return state.failure.map { .failure($0) }
        }
        if case .success? = ready { wakeCarriage() }
        return ready
    }

    // MARK: Writing

    nonisolated(nonsending) func write(_ bytes: [UInt8]) async throws(StreamError) {
        guard
            (state.withLock { state in
                defer { state.isWriting = true }
                return !state.isWriting
            })
        else { throw .busy }
        defer { state.withLock { $0.isWriting = false } }
        var rest = bytes[...]
        while !rest.isEmpty {
            let taken = try take(rest)
            rest = rest.dropFirst(taken)
            if taken > 0 { wakeCarriage() }
            guard !rest.isEmpty else { return }
            await writable.wait()
            if Task.isCancelled { throw .cancelled }
        }
    }

    /// Takes as much as there is room for.
    private func take(_ bytes: ArraySlice<UInt8>) throws(StreamError) -> Int {
        let result = state.withLock { state -> Result<Int, StreamError> in
            if let failure = state.failure { return .failure(failure) }
            guard !state.resumption.hasEnded else { return .failure(.closed) }
            let part = bytes.prefix(max(0, min(limits.unconfirmed, Resumption.window) - state.resumption.unconfirmed))
            state.resumption.write(part)
            return .success(part.count)
        }
        return try result.get()
    }

    // MARK: Ending

    /// Ends our direction, and returns when the remote has confirmed all of it.
    nonisolated(nonsending) func finish() async throws(StreamError) {
        beginFinishing()
        await settled.wait()
        if let failure = (state.withLock { $0.resumption.isDelivered ? nil : $0.failure }) { throw failure }
        if Task.isCancelled, !(state.withLock { $0.resumption.isDelivered }) { throw .cancelled }
    }

    nonisolated(nonsending) func close() async throws(StreamError) {
        beginClosing()
        try await finish()
    }

    func beginClosing() {
        discard()
        beginFinishing()
    }

    private func discard() {
        state.withLock { state in
            state.isDiscarding = true
            state.resumption.consume(state.inbox.count)
            state.inbox.removeAll()
        }
        wakeCarriage()
    }

    private func beginFinishing() {
        state.withLock { $0.resumption.finish() }
        wakeCarriage()
    }

    private func wakeCarriage() { state.withLock { $0.carriage }?.sendable.raise() }

    /// Ends both directions at once for the application. The remote learns of it by the stream that carries this one now; or by the next,
    /// if this one may be full.
    func reset(code: UInt32) {
        let busy = state.withLock { state -> Carriage? in
            guard !state.isOver, state.failure == nil else { return nil }
            state.resumption.reset(code: code)
            state.failure = .resetLocally
            state.inbox.removeAll()
            return state.isSending ? state.carriage : nil
        }
        busy?.stream.reset()
        wakeAll()
    }

    private func wakeAll() {
        for signal in [readable, writable] { signal.raise() }
        wakeCarriage()
        settled.open()
    }

    /// Called when no reference to the `Stream` is left.
    func abandon() {
        let hasEnded = state.withLock { $0.resumption.hasEnded && ($0.resumption.remoteHasEnded || $0.isDiscarding) }
        if hasEnded { discard() } else { reset(code: 0) }
    }

    /// The stream is over: in order, or because of `failure`.
    func end(_ failure: StreamError?) {
        let carriage = state.withLock { state -> Carriage? in
            guard !state.isOver else { return nil }
            state.isOver = true
            state.failure = state.failure ?? failure ?? .closed
            if failure != nil, !state.resumption.remoteHasEnded { state.inbox.removeAll() }
            defer { state.carriage = nil }
            return state.carriage
        }
        carriage?.end(inOrder: failure == nil)
        wakeAll()
    }

    /// The remote did not come back: the stream is over, in order if both sides have everything.
    func endTooLate() { end(isComplete ? nil : .resumption(.tooLate(undelivered: UInt64(unconfirmed)))) }

    // MARK: Being carried

    /// The opener's first message over the next stream. From here on, nothing is taken of the one before.
    func leave() -> ResumptionFrame.Opening {
        let (opening, previous) = state.withLock { state in
            defer { state.carriage = nil }
            return (ResumptionFrame.Opening(isNew: state.resumed == 0, token: token, received: state.resumption.received), state.carriage)
        }
        previous?.end()
        return opening
    }

    /// Goes on over `stream`, from the position that the remote names. Returns our own position, too.
    func resume(over stream: Stream, remoteReceived: UInt64) throws(ResumptionFault) -> (Carriage, received: UInt64) {
        let next = Carriage(stream)
        typealias Resumed = (previous: Carriage?, received: UInt64, isDelivered: Bool)
        let result = state.withLock { state -> Result<Resumed, ResumptionFault> in
            guard !state.isOver else { return .failure(.unknownStream) }
            do throws(ResumptionFault) {
                try state.resumption.resume(remoteReceived: remoteReceived)
            } catch {
                return .failure(error)
            }
            state.resumed += 1
            state.isSending = false
            defer { state.carriage = next }
            return .success((state.carriage, state.resumption.received, state.resumption.isDelivered))
        }
        let (previous, received, isDelivered) = try result.get()
        previous?.end()
        writable.raise()
        if isDelivered { settled.open() }
        return (next, received)
    }

    /// Whether this carries the stream still, or was the last to do so.
    func isCarried(by carriage: Carriage) -> Bool { state.withLock { $0.carriage === carriage } }

    /// Moves bytes until the stream that carries this one ends, or the task is cancelled.
    func carry(by carriage: Carriage) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.receive(from: carriage) }
            group.addTask { await self.send(over: carriage) }
            // While nothing is read or written, nothing else tells.
            group.addTask { await carriage.stream.waitForFailure() }
            await group.next()
            group.cancelAll()
        }
    }

    private func receive(from carriage: Carriage) async {
        do {
            while let chunk = try await carriage.stream.read() {
                guard try take(chunk, from: carriage) else { return }
            }
            // Its end, in order: both sides have everything, or it was lost.
            if (state.withLock { $0.carriage === carriage && $0.resumption.isComplete }) { end(nil) }
        } catch let fault as ResumptionFault {
            end(.resumption(fault))
        } catch {}
    }

    /// Takes what was brought. False: it is wanted no more.
    private func take(_ chunk: [UInt8], from carriage: Carriage) throws -> Bool {
        typealias Taken = (goesOn: Bool, reset: UInt32?, isDelivered: Bool, discarded: Int)
        let result = state.withLock { state -> Result<Taken, ResumptionFault> in
            guard state.carriage === carriage else { return .success((false, nil, false, 0)) }
            let isDiscarding = state.isDiscarding || state.failure != nil
            do throws(ResumptionFault) {
                var discarded = 0
                let reset = try state.resumption.receive(chunk) { part in
                    if isDiscarding {
                        discarded += part.count
                    } else {
                        state.inbox.append(piece: part.count == chunk.count ? chunk : Array(part))
                    }
                }
                state.resumption.consume(discarded)
                state.discarded += discarded
                return .success((true, reset, state.resumption.isDelivered, state.discarded))
            } catch {
                return .failure(error)
            }
        }
        let taken = try result.get()
        guard taken.goesOn else { return false }
        if let code = taken.reset {
            end(.reset(code: code))
            return false
        }
        for signal in [readable, writable, carriage.sendable] { signal.raise() }
        if taken.isDelivered { settled.open() }
        if taken.discarded > ApplicationStream.discardedBytes { reset(code: 0) }
        return true
    }

    private func send(over carriage: Carriage) async {
        var hasFinished = false
        do {
            while !Task.isCancelled {
                let (output, isComplete, isReset) = state.withLock { state -> ([UInt8]?, Bool, Bool) in
                    guard state.carriage === carriage else { return (nil, false, false) }
                    let output = state.resumption.nextOutput(withData: !carriage.holdsBack)
                    state.isSending = output != nil
                    return (output, state.resumption.isComplete, state.resumption.isReset)
                }
                if let output {
                    try await carriage.stream.write(output)
                    carriage.sent(output.count)
                }
                if isReset {
                    try await carriage.stream.finish()
                    return end(.resetLocally)
                }
                if isComplete, !hasFinished {
                    hasFinished = true
                    try await carriage.stream.finish()
                } else if output == nil {
                    await carriage.sendable.wait()
                }
            }
        } catch {}
    }

    func confirmNow() {
        state.withLock { $0.resumption.confirmNow() }
        wakeCarriage()
    }

    /// Half a second has passed.
    func look() { state.withLock { $0.carriage }?.look() }

    /// How far both directions have come: what does not change while something is awaited has stalled.
    var progress: (confirmed: UInt64, received: UInt64, awaits: Bool) {
        state.withLock { ($0.resumption.confirmed, $0.resumption.received, $0.resumption.awaitsConfirmation) }
    }
}
