import Synchronization

/// A sequence that one task reads. It has a bounded buffer: when the reader is slow, the feed drops its oldest elements and counts them.
///
/// The sequence ends when the node stops, when the application calls `cancel()`, or when the reading task is cancelled.
public final class Feed<Element: Sendable>: AsyncSequence, Sendable {
    private struct State {
        /// nil: taken, or dropped. What is gone must not be kept: a stream that nobody refers to is reset.
        var buffer: [Element?] = []
        var head = 0
        var dropped = 0
        var isOver = false
        var reader: UnsafeContinuation<Element?, Never>?

        mutating func take() -> Element? {
            guard head < buffer.count else { return nil }
            let element = buffer[head]
            buffer[head] = nil
            head += 1
            if head == buffer.count {
                buffer.removeAll(keepingCapacity: buffer.capacity <= 1024)
                head = 0
            }
            return element
        }

        /// Returns what has to give way.
        mutating func append(_ element: Element, capacity: Int) -> Element? {
            var oldest: Element?
            if buffer.count - head >= capacity {
                oldest = take()
                dropped += 1
            }
            if head > 256, head * 2 > buffer.count {
                buffer.removeFirst(head)
                head = 0
            }
            buffer.append(element)
            return oldest
        }
    }
    private let state = Mutex(State())
    private let capacity: Int
    /// Where a task takes an element without a switch of threads. nil: nowhere.
    let executor: (any TaskExecutor)?
    /// Takes which feed it is, as several may have been made for the same.
    private let onCancel: @Sendable (ObjectIdentifier) -> Void

    init(capacity: Int, executor: (any TaskExecutor)? = nil, onCancel: @escaping @Sendable (ObjectIdentifier) -> Void = { _ in }) {
        self.capacity = capacity
        self.executor = executor
        self.onCancel = onCancel
    }

    deinit { if !state.withLock({ $0.isOver }) { onCancel(ObjectIdentifier(self)) } }

    /// The number of elements that were lost because the reader was too slow.
    public var dropped: Int { state.withLock { $0.dropped } }

    /// Ends the sequence. The elements in the buffer can still be read.
    public func cancel() {
        end()
        onCancel(ObjectIdentifier(self))
    }

    func yield(_ element: Element) {
        // What is dropped ends its life when the lock is free again: its end may come back here.
        let (reader, dropped) = state.withLock { state -> (UnsafeContinuation<Element?, Never>?, Element?) in
            if state.isOver { return (nil, nil) }
            if let reader = state.reader {
                state.reader = nil
                return (reader, nil)
            }
            return (nil, state.append(element, capacity: capacity))
        }
        reader?.resume(returning: element)
        _ = dropped
    }

    func end() {
        let reader = state.withLock { state -> UnsafeContinuation<Element?, Never>? in
            state.isOver = true
            defer { state.reader = nil }
            return state.reader
        }
        reader?.resume(returning: nil)
    }

    /// The next element, or nil at the end. Only one task may read at a time: a concurrent second call returns nil.
    nonisolated(nonsending) public func next() async -> Element? {
        if let ready = take() { return ready }
        return await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                let now = state.withLock { state -> (resume: Bool, element: Element?) in
                    if let element = state.take() { return (true, element) }
                    if state.isOver || state.reader != nil || Task.isCancelled { return (true, nil) }
                    state.reader = continuation
                    return (false, nil)
                }
                if now.resume { continuation.resume(returning: now.element) }
            }
        } onCancel: {
            let reader = state.withLock { state -> UnsafeContinuation<Element?, Never>? in
                defer { state.reader = nil }
                return state.reader
            }
            reader?.resume(returning: nil)
        }
    }

    private func take() -> Element? { state.withLock { $0.take() } }

    /// Reads the sequence. All iterators of one feed share its elements.
    public struct Iterator: AsyncIteratorProtocol {
        let feed: Feed
        public mutating func next() async -> Element? { await feed.next() }
        public mutating func next(isolation actor: isolated (any Actor)?) async -> Element? { await feed.next() }
    }

    public func makeAsyncIterator() -> Iterator { Iterator(feed: self) }
}
