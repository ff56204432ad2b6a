import CausewayConnection
import CausewayIdentity
import CausewayRuntime
import Synchronization

/// The state of a `Stream` on its event loop: what arrived and was not read yet, and the tasks that wait to read, to write or for the
/// protocol.
final class ApplicationStream: @unchecked Sendable {
    /// Bound: bytes thrown away of a stream whose reader has closed it, until it is reset. What was on its way when it was closed is less.
    static let discardedBytes = 1 << 20

    // Unchecked: everything below `loop` is used on that loop's thread only. Each entry point checks the thread or posts to it.
    let loop: EventLoop
    /// Where the stream is to be opened, and by which protocols. nil: it was opened, or accepted.
    private var proposal: Proposal?
    private var link: Link!
    private var id: UInt32 = 0
    /// The unread data. The first 64 chunks stay as they arrived; small chunks after them are joined.
    private var inbox = PieceQueue(keptApart: 64)
    private var remoteIsFinished = false
    private var isFinished = false
    private var isDiscarding = false
    private var discarded = 0
    /// How the stream ended. nil: it is open.
    private var end: End?
    private var reader: PendingRead?
    private var writer: PendingWrite?
    /// The result of delivering our finished direction, and the tasks that wait for it.
    private var delivery: Result<Void, StreamError>?
    private var finishers: [Suspension<Void>] = []
    private var opening: Suspension<String>?
    private var failure: Suspension<Void>?
    private var settled: String?
    /// Whether `abandon` has something to do. Read from any thread.
    private let isHeld = Atomic(false)

    private struct Proposal {
        let place: LinkPlace
        let protocolIDs: [[UInt8]]
    }

    private enum End {
        case orderly
        case failed(StreamError)

        var asError: StreamError {
            switch self {
            case .orderly: .closed
            case .failed(let error): error
            }
        }
    }

    private struct PendingRead {
        /// How many bytes it takes at most.
        let limit: Int
        let wait: Suspension<[UInt8]?>
    }

    private struct PendingWrite {
        let bytes: [UInt8]
        var written: Int
        let wait: Suspension<Void>
    }

    /// A stream that the remote has opened, on its link's loop.
    init(_ id: UInt32, of link: Link, on loop: EventLoop) {
        self.loop = loop
        self.link = link
        self.id = id
        isHeld.store(true, ordering: .relaxed)
    }

    /// A stream to be opened by its first use: then what is written first leaves together with the proposal, and no use has to wait for
    /// the loop only to open it.
    init(proposing protocolIDs: [[UInt8]], at place: LinkPlace) {
        loop = place.loop
        proposal = Proposal(place: place, protocolIDs: protocolIDs)
    }

    /// Whether the stream failed or was reset.
    var isOver: Bool { if case .failed? = end { true } else { false } }

    /// What its circuit may carry still.
    var limit: CircuitLimit? {
        get async {
            let left = try? await Suspension<CircuitLimit?>.suspend(on: loop) { wait in
                let link = self.proposal.map { $0.place.link } ?? self.link
                wait.resume(.success(link?.carrier?.remaining(at: self.loop.now)))
            }
            return left ?? nil
        }
    }

    // MARK: Opening

    /// On the loop, before each use.
    private func openIfNew() {
        guard let proposal else { return }
        self.proposal = nil
        do throws(StreamError) {
            guard let link = proposal.place.link else { throw .notConnected }
            self.link = link
            id = try link.openStream(proposal.protocolIDs, owner: self, now: loop.now)
            isHeld.store(true, ordering: .relaxed)
        } catch {
            end = .failed(error)
        }
    }

    /// Waits until both sides have agreed on a protocol, and returns it. If the waiting task is cancelled, the stream is reset.
    nonisolated(nonsending) func settle() async throws(StreamError) -> String {
        try await Suspension.suspend(on: loop, cancelled: { self.reset(code: 0) }) { wait in
            self.openIfNew()
            if let settled = self.settled { return wait.resume(.success(settled)) }
            if let end = self.end { return wait.resume(.failure(end.asError)) }
            self.opening = wait
        }
    }

    private func resumeOpening(_ result: Result<String, StreamError>) {
        opening?.resume(result)
        opening = nil
    }

    // MARK: Reading

    nonisolated(nonsending) func read(atMost limit: Int = .max) async throws(StreamError) -> [UInt8]? {
        if loop.isCurrent, let ready = takeHere(limit) { return try ready.get() }
        return try await Suspension.suspend(on: loop) { self.startReading(PendingRead(limit: limit, wait: $0)) }
    }

    nonisolated(nonsending) func read(exactly count: Int) async throws(StreamError) -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count {
            // No more than is missing: what is behind it stays where it lies, and its credit with it.
            guard let chunk = try await read(atMost: count - bytes.count) else { throw .closed }
            if bytes.isEmpty { bytes = chunk } else { bytes += chunk }
        }
        return bytes
    }

    /// The result of a read that need not wait, or nil.
    private func takeHere(_ limit: Int = .max) -> Result<[UInt8]?, StreamError>? {
        if let chunk = inbox.takeFirst(atMost: limit) {
            credit(chunk.count)
            return .success(chunk)
        }
        if remoteIsFinished { return .success(nil) }
        if case .failed(let error)? = end { return .failure(error) }
        if end != nil { return .success(nil) }
        return nil
    }

    private func credit(_ count: Int) { if end == nil { link.consumed(id, count) } }

    private func startReading(_ read: PendingRead) {
        openIfNew()
        if let ready = takeHere(read.limit) { return read.wait.resume(ready) }
        guard reader?.wait.isOver ?? true else { return read.wait.resume(.failure(.busy)) }
        reader = read
    }

    private func resumeReader(_ result: Result<[UInt8]?, StreamError>) {
        reader?.wait.resume(result)
        reader = nil
    }

    // MARK: Writing

    nonisolated(nonsending) func write(_ bytes: [UInt8]) async throws(StreamError) {
        var written = 0
        if loop.isCurrent, writer?.wait.isOver ?? true {
            written = try writeHere(bytes, from: 0)
            if written == bytes.count { return }
        }
        let already = written
        try await Suspension.suspend(on: loop) { self.startWriting(PendingWrite(bytes: bytes, written: already, wait: $0)) }
    }

    private func writeHere(_ bytes: [UInt8], from start: Int) throws(StreamError) -> Int {
        openIfNew()
        if let end { throw end.asError }
        if isFinished { throw .closed }
        var result: Result<Int, StreamError> = .success(0)
        bytes.withUnsafeBytes { all in
            do throws(StreamError) {
                result = .success(try link.write(id, UnsafeRawBufferPointer(rebasing: all[start...])))
            } catch {
                result = .failure(error)
            }
        }
        return start + (try result.get())
    }

    private func startWriting(_ write: PendingWrite) {
        guard writer?.wait.isOver ?? true else { return write.wait.resume(.failure(.busy)) }
        writer = write
        goOnWriting()
    }

    private func goOnWriting() {
        guard var write = writer, !write.wait.isOver else { return }
        do throws(StreamError) {
            write.written = try writeHere(write.bytes, from: write.written)
            writer = write
            if write.written == write.bytes.count { resumeWriter(.success(())) }
        } catch {
            resumeWriter(.failure(error))
        }
    }

    private func resumeWriter(_ result: Result<Void, StreamError>) {
        writer?.wait.resume(result)
        writer = nil
    }

    // MARK: Ending

    /// Finishes the stream even if the task is already cancelled.
    nonisolated(nonsending) func finish() async throws(StreamError) {
        try await Suspension.suspend(on: loop, always: { self.finishHere() }) { self.waitForDelivery($0) }
    }

    nonisolated(nonsending) func close() async throws(StreamError) {
        try await Suspension.suspend(on: loop, always: { self.closeHere() }) { self.waitForDelivery($0) }
    }

    /// Closes the stream without waiting.
    func beginClosing() { loop.run { self.closeHere() } }

    private func closeHere() {
        finishHere()
        if end == nil { discard() }
    }

    private func finishHere() {
        openIfNew()
        guard !isFinished, end == nil else { return }
        isFinished = true
        link.finish(id)
    }

    private func waitForDelivery(_ wait: Suspension<Void>) {
        if let delivery { return wait.resume(delivery) }
        if let end { return wait.resume(.failure(end.asError)) }
        finishers.append(wait)
    }

    private func tellDelivery(_ result: Result<Void, StreamError>) {
        for finisher in finishers { finisher.resume(result) }
        finishers = []
    }

    /// Returns when the stream fails or is reset, or the task is cancelled: whoever does not read learns of it so. One task at a time.
    nonisolated(nonsending) func waitForFailure() async {
        try? await Suspension.suspend(on: loop) { wait in
            if self.isOver { wait.resume(.success(())) } else { self.failure = wait }
        }
    }

    func reset(code: UInt32 = 0) {
        loop.run {
            guard self.end == nil else { return }
            guard self.proposal == nil else { return self.giveUp() }
            self.link.reset(self.id, code: code)
        }
    }

    /// The stream ends before it is opened.
    private func giveUp() {
        proposal = nil
        end = .failed(.resetLocally)
    }

    /// Called when no reference to the stream is left. A stream that is over, closed, or not open yet costs its loop nothing then.
    func abandon() {
        if isHeld.load(ordering: .relaxed) { loop.post { self.abandonHere() } }
    }

    private func abandonHere() {
        guard end == nil, !isDiscarding else { return }
        if isFinished, remoteIsFinished { return discard() }
        link.reset(id, code: 0)
    }

    /// Discards what has arrived and what will still arrive.
    private func discard() {
        isDiscarding = true
        isHeld.store(false, ordering: .relaxed)
        while !inbox.isEmpty { _ = takeHere() }
    }
}

extension ApplicationStream: StreamOwner {
    func streamReady(_ stream: UInt32, protocolID: [UInt8], on link: Link) {
        settled = String(decoding: protocolID, as: UTF8.self)
        resumeOpening(.success(settled!))
    }

    func received(_ bytes: UnsafeMutableRawBufferPointer, stream: UInt32, on link: Link) {
        if isDiscarding {
            discarded += bytes.count
            if discarded > Self.discardedBytes { link.reset(id, code: 0) } else { link.consumed(id, bytes.count) }
            return
        }
        let bytes = UnsafeRawBufferPointer(bytes)
        guard let reader, !reader.wait.isOver, inbox.isEmpty else { return inbox.append(bytes) }
        if bytes.count <= reader.limit {
            credit(bytes.count)
            resumeReader(.success([UInt8](copying: bytes)))
        } else {
            inbox.append(bytes)
            if let ready = takeHere(reader.limit) { resumeReader(ready) }
        }
    }

    func writable(_ stream: UInt32, on link: Link) { goOnWriting() }

    func delivered(_ stream: UInt32, error: StreamError?, on link: Link) {
        let result: Result<Void, StreamError> = error.map { .failure($0) } ?? .success(())
        delivery = result
        tellDelivery(result)
    }

    func finished(_ stream: UInt32, on link: Link) {
        remoteIsFinished = true
        if inbox.isEmpty { resumeReader(.success(nil)) }
    }

    func closed(_ stream: UInt32, error: StreamError?, on link: Link) {
        isHeld.store(false, ordering: .relaxed)
        if let error {
            end = .failed(error)
            // If the remote has sent everything, the application may still read it.
            if error == .resetLocally { remoteIsFinished = false }
            if !remoteIsFinished { inbox.removeAll() }
            failure?.resume(.success(()))
        } else {
            end = .orderly
        }
        resumeReader(error.map { .failure($0) } ?? .success(nil))
        resumeWriter(.failure(error ?? .closed))
        tellDelivery(.failure(error ?? .closed))
        resumeOpening(.failure(error ?? .closed))
    }
}
