import CausewayIdentity
import Synchronization

@testable import CausewayRuntime

/// A socket's owner that notes what it hears, and lets a test wait for it. What is not a `let` is touched on the loop only.
final class DatagramRecorder: DatagramOwner, @unchecked Sendable {
    struct Datagram: Equatable {
        let bytes: [UInt8]
        let remote: Endpoint
    }
    private let loop: EventLoop
    private(set) var received: [Datagram] = []
    private(set) var receivedByTurn: [UInt64: Int] = [:]
    private(set) var lost: [Int32] = []
    private(set) var writableCount = 0
    var socket: DatagramSocket?
    /// Called for each datagram.
    var whenReceived: (() -> Void)?
    private var waiting: (isTrue: () -> Bool, continuation: CheckedContinuation<Void, Never>)?

    init(on loop: EventLoop) { self.loop = loop }

    func datagramReceived(_ bytes: UnsafeRawBufferPointer, from remote: Endpoint) {
        received.append(Datagram(bytes: [UInt8](bytes), remote: remote))
        receivedByTurn[loop.turn, default: 0] += 1
        whenReceived?()
        look()
    }

    func datagramsWritable() {
        writableCount += 1
        look()
    }

    func datagramsLost(to remote: Endpoint, errno: Int32) {
        lost.append(errno)
        look()
    }

    func datagramSocketFailed(errno: Int32) {}

    private func look() {
        guard let waiting, waiting.isTrue() else { return }
        self.waiting = nil
        waiting.continuation.resume()
    }

    /// Returns when it is true of what was heard.
    func wait(until isTrue: @escaping @Sendable (DatagramRecorder) -> Bool) async {
        await withCheckedContinuation { continuation in
            loop.post {
                self.waiting = ({ isTrue(self) }, continuation)
                self.look()
            }
        }
    }
}

extension EventLoop {
    /// Runs `work` on the loop and returns what it returns.
    func perform<R>(_ work: @escaping @Sendable () -> sending R) async -> sending R {
        await withCheckedContinuation { continuation in post { continuation.resume(returning: work()) } }
    }

    /// A bound socket with a recorder as owner.
    func datagramSocket(
        at ip: [UInt8] = [127, 0, 0, 1], dualStack: Bool = false, _ limits: DatagramLimits = DatagramLimits()
    ) async throws -> DatagramRecorder {
        let recorder = DatagramRecorder(on: self)
        let error = await perform { () -> DatagramError? in
            do throws(DatagramError) {
                let socket = try DatagramSocket(on: self, at: Endpoint(ip: ip, port: 0)!, dualStack: dualStack, limits: limits)
                socket.owner = recorder
                recorder.socket = socket
                return nil
            } catch {
                return error
            }
        }
        if let error { throw error }
        return recorder
    }
}

extension DatagramSocket {
    func send(_ bytes: [UInt8], to remote: Endpoint) throws(DatagramError) {
        try send(to: remote, size: bytes.count) { room in
            room.copyBytes(from: bytes)
            return bytes.count
        }
    }
}

/// A running loop for a test's body.
func withDatagramLoop(_ body: (EventLoop) async throws -> Void) async throws {
    let loop = EventLoop()
    try loop.start()
    defer {
        loop.stop()
        loop.join()
    }
    try await body(loop)
}
