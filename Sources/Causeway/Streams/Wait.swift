import CausewayConnection
import CausewayRuntime

/// One task that waits for something from a stream. It is resumed once: with what it waits for, or by its cancellation, which does not
/// affect other waits.
///
/// `@unchecked Sendable`: used on the stream's loop only.
final class Wait<Value: Sendable>: @unchecked Sendable {
    private var continuation: UnsafeContinuation<Result<Value, StreamError>, Never>?
    private var result: Result<Value, StreamError>?

    var isOver: Bool { result != nil }

    /// Ends the wait. Later calls do nothing.
    func resume(_ result: Result<Value, StreamError>) {
        guard self.result == nil else { return }
        self.result = result
        continuation?.resume(returning: result)
        continuation = nil
    }

    private func begin(_ continuation: UnsafeContinuation<Result<Value, StreamError>, Never>) {
        if let result { continuation.resume(returning: result) } else { self.continuation = continuation }
    }

    /// Suspends the task. `start` is called on the loop and must keep the wait in order to resume it. If the task is cancelled first,
    /// `cancelled` is called there instead.
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
            // Posted, because this may run before or after `start`.
            loop.post {
                guard !wait.isOver else { return }
                wait.resume(.failure(.cancelled))
                cancelled()
            }
        }
        return try result.get()
    }
}
