import CausewayConnection
import CausewayRuntime

/// One task that waits for something from a stream. It is resumed once: with what it waits for, or by its cancellation, which does not
/// affect other waits.
///
/// `@unchecked Sendable`: used on the stream's loop only.
final class Suspension<Value: Sendable>: @unchecked Sendable {
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

    private func begin(_ continuation: UnsafeContinuation<Result<Value, StreamError>, Never>, _ start: (Suspension) -> Void) {
        if let result { return continuation.resume(returning: result) }
        self.continuation = continuation
        start(self)
    }

    /// Suspends the task. `start` is called on the loop and must keep the wait in order to resume it. If the task is cancelled first,
    /// `cancelled` is called there instead. `always` is called on the loop before, even if the task is already cancelled.
    nonisolated(nonsending) static func suspend(
        on loop: EventLoop, always: @escaping @Sendable () -> Void = {}, cancelled: @escaping @Sendable () -> Void = {},
        start: @escaping @Sendable (Suspension) -> Void
    ) async throws(StreamError) -> Value {
        let wait = Suspension()
        let result = await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                if loop.isCurrent {
                    always()
                    wait.begin(continuation, start)
                } else {
                    loop.post {
                        always()
                        wait.begin(continuation, start)
                    }
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
