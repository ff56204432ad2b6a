import CausewayConnection
import CausewayRuntime

/// One task that waits for something of a stream. It is resumed once: by what it waits for, or by its cancellation, which ends this wait
/// and no other.
///
/// `@unchecked Sendable`: touched on the stream's loop only.
final class Wait<Value: Sendable>: @unchecked Sendable {
    private var continuation: UnsafeContinuation<Result<Value, StreamError>, Never>?
    private var result: Result<Value, StreamError>?

    var isOver: Bool { result != nil }

    /// Ends the wait; later calls do nothing.
    func resume(_ result: Result<Value, StreamError>) {
        guard self.result == nil else { return }
        self.result = result
        continuation?.resume(returning: result)
        continuation = nil
    }

    private func begin(_ continuation: UnsafeContinuation<Result<Value, StreamError>, Never>) {
        if let result { continuation.resume(returning: result) } else { self.continuation = continuation }
    }

    /// Suspends the task. `start` is called on the loop and keeps the wait where it will be resumed; `cancelled` is called there when the
    /// task was cancelled first.
    nonisolated(nonsending) static func suspend(
        on loop: EventLoop, cancelled: @escaping @Sendable () -> Void = {}, start: @escaping @Sendable (Wait) -> Void
    ) async throws(StreamError) -> Value {
        let wait = Wait()
        let result = await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                loop.run {
                    wait.begin(continuation)
                    if !wait.isOver { start(wait) }
                }
            }
        } onCancel: {
            // Posted: it may come before `start` as well as after it.
            loop.post {
                guard !wait.isOver else { return }
                wait.resume(.failure(.cancelled))
                cancelled()
            }
        }
        return try result.get()
    }
}
