import Synchronization
import Testing

@testable import CausewayRuntime

/// Counts how often it is given bytes in each turn of its loop.
private final class Reader: SocketOwner, @unchecked Sendable {
    private let loop: EventLoop
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 16)
    // On the loop.
    private(set) var readsByTurn: [UInt64: Int] = [:]
    private(set) var received = 0
    var socket: TCPSocket?
    private var waiting: (count: Int, continuation: CheckedContinuation<Void, Never>)?

    init(on loop: EventLoop) { self.loop = loop }
    deinit { buffer.deallocate() }

    func socketBuffer() -> UnsafeMutableRawBufferPointer { buffer }

    func socketReceived(_ count: Int) {
        guard count > 0 else { return }
        received += count
        readsByTurn[loop.turn, default: 0] += 1
        guard let waiting, received >= waiting.count else { return }
        self.waiting = nil
        waiting.continuation.resume()
    }

    /// Reads, and returns when so many bytes have come.
    func read(_ count: Int) async {
        await withCheckedContinuation { continuation in
            loop.post {
                self.waiting = (count, continuation)
                self.socket?.startReading()
            }
        }
    }

    func socketWritable() {}
    func socketEnded(errno: Int32) {}
}

/// A socket that is never empty leaves others their turn.
@Test func oneSocketIsReadAFewTimesATurn() async throws {
    let loop = EventLoop()
    try loop.start()
    defer { loop.stop() }
    let reader = Reader(on: loop)
    let port = await withCheckedContinuation { continuation in
        loop.post {
            let listener = try? TCPListener(on: loop, address: SocketAddress(ip: [127, 0, 0, 1], port: 0)!) { descriptor, remote in
                reader.socket = TCPSocket(on: loop, accepted: descriptor, from: remote)
                reader.socket?.owner = reader
            }
            continuation.resume(returning: listener?.address.port ?? 0)
        }
    }
    let sender = RawSocket()
    defer { sender.stop() }
    #expect(await sender.connect(to: port, sending: [UInt8](repeating: 7, count: 64 << 10)) == 0)
    while await !withCheckedContinuation({ continuation in loop.post { continuation.resume(returning: reader.socket != nil) } }) {}
    await reader.read(64 << 10)
    let reads = await withCheckedContinuation { continuation in
        loop.post { continuation.resume(returning: reader.readsByTurn.values.max() ?? 0) }
    }
    #expect(reads > 0 && reads <= TCPSocket.readsInTurn, "\(reads) reads in one turn")
}
