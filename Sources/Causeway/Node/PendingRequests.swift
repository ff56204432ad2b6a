import CausewayNode
import Synchronization

/// Requests to the core that wait for their answer.
final class PendingRequests: Sendable {
    private struct State {
        var last: UInt32
        var waiting: [UInt32: UnsafeContinuation<Answer, Never>] = [:]
        var isOver = false
    }
    private let state: Mutex<State>

    /// The first request gets the number after `last`.
    init(last: UInt32 = 0) { state = Mutex(State(last: last)) }

    /// A number that no waiting request has.
    func next() -> UInt32 {
        state.withLock { state in
            repeat { state.last &+= 1 } while state.waiting[state.last] != nil
            return state.last
        }
    }

    /// Registers a waiting request. If the node has stopped, answers it at once and returns false: the caller must not make the request
    /// then.
    func wait(_ request: UInt32, _ continuation: UnsafeContinuation<Answer, Never>) -> Bool {
        let accepted = state.withLock { state in
            if state.isOver { return false }
            state.waiting[request] = continuation
            return true
        }
        if !accepted { continuation.resume(returning: .cancelled) }
        return accepted
    }

    func answer(_ request: UInt32, _ answer: Answer) {
        state.withLock { $0.waiting.removeValue(forKey: request) }?.resume(returning: answer)
    }

    func failAll() {
        let waiting = state.withLock { state in
            state.isOver = true
            defer { state.waiting.removeAll() }
            return Array(state.waiting.values)
        }
        for continuation in waiting { continuation.resume(returning: .cancelled) }
    }
}
