import Synchronization

@testable import CausewayRuntime

/// A TCP end without any protocol, on a loop of its own.
final class RawSocket: SocketOwner, @unchecked Sendable {
    private let loop = EventLoop()
    // On the loop.
    private var socket: TCPSocket?
    private var listener: TCPListener?
    private var ended: Int32?
    private var received: [UInt8] = []
    private var waitsForEnd: CheckedContinuation<Int32, Never>?
    private var waitsForSocket: CheckedContinuation<Void, Never>?
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 16)

    init() { try! loop.start() }
    deinit { buffer.deallocate() }

    func stop() {
        loop.post {
            self.socket?.close()
            self.listener?.close()
            self.loop.stop()
        }
    }

    func connect(to port: UInt16, sending bytes: [UInt8]) async -> Int32 {
        await withCheckedContinuation { continuation in
            loop.post {
                let socket = TCPSocket(on: self.loop)
                self.socket = socket
                socket.owner = self
                do {
                    try socket.connect(to: SocketAddress(ip: [127, 0, 0, 1], port: port)!) { errno in
                        if errno == 0 { socket.startReading() }
                        _ = bytes.withUnsafeBytes { socket.send($0) }
                        continuation.resume(returning: errno)
                    }
                } catch {
                    continuation.resume(returning: -1)
                }
            }
        }
    }

    func listen() async -> UInt16 {
        await withCheckedContinuation { continuation in
            loop.post {
                let address = SocketAddress(ip: [127, 0, 0, 1], port: 0)!
                self.listener = try? TCPListener(on: self.loop, address: address) { descriptor, remote in
                    let socket = TCPSocket(on: self.loop, accepted: descriptor, from: remote)
                    self.socket = socket
                    socket?.owner = self
                    socket?.startReading()
                    self.waitsForSocket?.resume()
                    self.waitsForSocket = nil
                }
                continuation.resume(returning: self.listener?.address.port ?? 0)
            }
        }
    }

    /// Until a connection has come.
    func accepted() async {
        await withCheckedContinuation { continuation in
            loop.post { if self.socket == nil { self.waitsForSocket = continuation } else { continuation.resume() } }
        }
    }

    /// Until the other end is gone: `errno`, or 0.
    func end() async -> Int32 {
        await withCheckedContinuation { continuation in
            loop.post { if let ended = self.ended { continuation.resume(returning: ended) } else { self.waitsForEnd = continuation } }
        }
    }

    func send(_ bytes: [UInt8]) { loop.post { _ = bytes.withUnsafeBytes { self.socket?.send($0) } } }

    /// Takes nothing any more, as a client that has gone to sleep.
    func fallAsleep() { loop.post { self.socket?.stopReading() } }

    func wakeUp() { loop.post { self.socket?.startReading() } }

    /// All that came until the other end was gone.
    func answer() async -> [UInt8] {
        _ = await end()
        return await withCheckedContinuation { continuation in loop.post { continuation.resume(returning: self.received) } }
    }

    func socketBuffer() -> UnsafeMutableRawBufferPointer { buffer }
    func socketReceived(_ count: Int) { received += buffer[..<count] }
    func socketWritable() {}
    func socketEnded(errno: Int32) {
        ended = errno
        waitsForEnd?.resume(returning: errno)
        waitsForEnd = nil
    }
}
