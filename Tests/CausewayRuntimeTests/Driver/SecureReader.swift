import CausewayTLS

@testable import CausewayRuntime

/// Asks for a page over TLS and takes the answer only as fast as it wants to. On a loop of its own.
final class SecureReader: SocketOwner, @unchecked Sendable {
    private let loop = EventLoop()
    // On the loop.
    private let tls: TLSEngine
    private let request: [UInt8]
    /// Bytes in a twentieth of a second.
    private let pace: Int
    private var room = 0
    private var isAsked = false
    private var socket: TCPSocket?
    private var timer: LoopTimer?
    private var received = 0
    private var isOver = false
    private var waits: CheckedContinuation<Int, Never>?
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 16384, alignment: 16)
    private let plaintext = UnsafeMutableRawBufferPointer.allocate(byteCount: 16384, alignment: 16)

    /// `pace` 0: nothing but the handshake is ever taken.
    init(asking request: [UInt8], pace: Int) throws {
        self.request = request
        self.pace = pace
        tls = try TLSEngine(try TLSClientContext(verifies: false), name: Array("reader".utf8))
        try loop.start()
    }

    deinit {
        buffer.deallocate()
        plaintext.deallocate()
    }

    func start(_ port: UInt16) {
        loop.post {
            let socket = TCPSocket(on: self.loop)
            self.socket = socket
            socket.owner = self
            try? socket.connect(to: SocketAddress(ip: [127, 0, 0, 1], port: port)!) { _ in
                self.sendWire()
                socket.startReading()
            }
        }
    }

    /// How many bytes of plaintext had come at the end.
    func whole() async -> Int {
        await withCheckedContinuation { continuation in
            loop.post { if self.isOver { continuation.resume(returning: self.received) } else { self.waits = continuation } }
        }
    }

    func stop() {
        loop.post {
            self.socket?.close()
            self.loop.stop()
        }
    }

    private func sendWire() { tls.wire.drop(socket?.send(tls.wire.bytes) ?? 0) }

    private func ask() {
        isAsked = true
        _ = request.withUnsafeBytes { try? tls.write($0) }
        sendWire()
        socket?.stopReading()
        guard pace > 0 else { return }
        timer = LoopTimer(on: loop) { [unowned self] in
            self.room = self.pace
            self.socket?.startReading()
            self.timer?.start(afterNanoseconds: 50_000_000)
        }
        timer?.start(afterNanoseconds: 0)
    }

    func socketBuffer() -> UnsafeMutableRawBufferPointer { buffer }

    func socketReceived(_ count: Int) {
        tls.receive(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        while let count = try? tls.read(into: plaintext), count > 0 { received += count }
        if !tls.wire.isEmpty { sendWire() }
        if tls.isEstablished, !isAsked { return ask() }
        room -= count
        if isAsked, room <= 0 { socket?.stopReading() }
    }

    func socketWritable() {}

    func socketEnded(errno: Int32) {
        isOver = true
        timer?.close()
        waits?.resume(returning: received)
        waits = nil
    }
}
