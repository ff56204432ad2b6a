import CausewayConnection

/// A connection attempt in progress.
public final class SimulatedConnectAttempt {
    /// Whether the attempt was cancelled.
    public private(set) var isCancelled = false
    let endpoints: SocketEndpoints
    /// The connection, from when its first SYN has reached the far host: the attempt does not know of it yet.
    weak var link: SimulatedLink?
    private(set) weak var host: SimulatedHost?
    private let incarnation: UInt64
    private let answer: (Result<SimulatedSocket, SimulatedNetworkError>) -> Void
    private var isAnswered = false

    init(
        _ host: SimulatedHost, _ endpoints: SocketEndpoints, _ answer: @escaping (Result<SimulatedSocket, SimulatedNetworkError>) -> Void
    ) {
        self.host = host
        self.endpoints = endpoints
        self.answer = answer
        incarnation = host.incarnation
    }

    /// Cancels the attempt: no answer follows.
    public func cancel() {
        isCancelled = true
        host?.setUp.forget(self)
        // The far end may have the connection already. Its answer may never arrive, so nothing waits for it.
        guard let link else { return }
        for socket in [link.dialler!, link.listener!] where socket.attempt === self { socket.reset() }
    }

    /// Whether somebody still waits for the answer.
    var isWaiting: Bool { !isCancelled && !isAnswered && host?.isUp == true && host?.incarnation == incarnation }

    func succeed(_ socket: SimulatedSocket) {
        guard !isAnswered, !isCancelled else { return }
        isAnswered = true
        host?.setUp.forget(self)
        answer(.success(socket))
    }

    func fail(_ errno: Int32) {
        guard isWaiting else { return }
        isAnswered = true
        host?.setUp.forget(self)
        host?.noteFailure(to: endpoints.remote, errno)
        answer(.failure(SimulatedNetworkError(errno: errno)))
    }
}

/// Why the simulated network did not make a connection.
public struct SimulatedNetworkError: Error, Equatable, Sendable {
    /// One of `SimulatedErrno`.
    public let errno: Int32

    public init(errno: Int32) { self.errno = errno }
}
