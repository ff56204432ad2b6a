import CausewayIdentity
import CausewayTLS
import Foundation

/// A blocking TCP connection over 127.0.0.1, with TLS or without. Gives up after 20 s without a byte.
final class BlockingLink {
    private let socket: Int32
    private var tls: TLSEngine?
    /// Plaintext that came with the end of the handshake.
    private var early: [UInt8] = []

    private init(_ socket: Int32) {
        self.socket = socket
        var patience = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(socket) }

    /// Dials; nil if nobody listens. With TLS the handshake is done afterwards.
    convenience init?(port: UInt16, tls context: TLSClientContext?) throws {
        self.init(Self.tcpSocket())
        guard Self.withLoopback(port, { connect(socket, $0, $1) }) == 0 else { return nil }
        if let context { try start(try TLSEngine(context, ip: [127, 0, 0, 1])) }
    }

    private func start(_ engine: TLSEngine) throws {
        tls = engine
        flush(engine)
        while !engine.isEstablished {
            let bytes = receiveRaw()
            if bytes.isEmpty { throw TLSError.broken(reason: "the other side hung up") }
            try decrypt(bytes, engine, into: &early)
        }
    }

    /// The next bytes; none at the end, and where TLS breaks.
    func receive() -> [UInt8] {
        guard let tls else { return receiveRaw() }
        var plaintext = early
        early = []
        while plaintext.isEmpty, !tls.isFinished {
            let bytes = receiveRaw()
            if bytes.isEmpty { break }
            do { try decrypt(bytes, tls, into: &plaintext) } catch { break }
        }
        return plaintext
    }

    private func decrypt(_ bytes: [UInt8], _ engine: TLSEngine, into plaintext: inout [UInt8]) throws {
        defer { flush(engine) }
        var buffer = [UInt8](repeating: 0, count: 65536)
        try bytes.withUnsafeBytes { ciphertext in
            engine.receive(ciphertext)
            while true {
                let count = try buffer.withUnsafeMutableBytes { try engine.read(into: $0) }
                if count == 0 { break }
                plaintext += buffer.prefix(count)
            }
        }
    }

    func send(_ bytes: [UInt8]) {
        guard let tls else { return sendRaw(bytes) }
        // The engine takes no more than it may hold ahead of the socket.
        var rest = bytes[...]
        while !rest.isEmpty, let taken = try? rest.withUnsafeBytes({ try tls.write($0) }), taken > 0 {
            rest = rest.dropFirst(taken)
            flush(tls)
        }
    }

    /// Ends our direction.
    func finish() {
        if let tls {
            tls.finish()
            flush(tls)
        }
        shutdown(socket, Int32(SHUT_WR))
    }

    private func flush(_ engine: TLSEngine) {
        sendRaw([UInt8](copying: engine.wire.bytes))
        engine.wire.drop(engine.wire.count)
    }

    private func sendRaw(_ bytes: [UInt8]) {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes { Foundation.send(socket, $0.baseAddress! + sent, bytes.count - sent, noSignal) }
            if count <= 0 { return }
            sent += count
        }
    }

    private func receiveRaw() -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: 65536)
        let count = recv(socket, &buffer, buffer.count, 0)
        return Array(buffer.prefix(max(0, count)))
    }

    // MARK: - Sockets

    private static func tcpSocket() -> Int32 {
        #if os(Linux)
            Foundation.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #else
            Foundation.socket(AF_INET, SOCK_STREAM, 0)
        #endif
    }

    private static func withLoopback<R>(_ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> R) -> R {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
    }

    /// Listens on a free port and serves every connection on a thread of its own, until the process ends.
    static func listen(tls context: TLSServerContext? = nil, _ serve: @escaping @Sendable (BlockingLink) -> Void) -> UInt16 {
        let listener = tcpSocket()
        _ = withLoopback(0) { bind(listener, $0, $1) }
        Foundation.listen(listener, 64)
        var (address, size) = (sockaddr_in(), socklen_t(MemoryLayout<sockaddr_in>.size))
        withUnsafeMutablePointer(to: &address) {
            _ = $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(listener, $0, &size) }
        }
        Thread.detachNewThread {
            while true {
                let accepted = accept(listener, nil, nil)
                guard accepted >= 0 else { continue }
                Thread.detachNewThread {
                    let link = BlockingLink(accepted)
                    do {
                        if let context { try link.start(try TLSEngine(context)) }
                        serve(link)
                    } catch {}
                }
            }
        }
        return UInt16(bigEndian: address.sin_port)
    }
}

#if os(Linux)
    private let noSignal = Int32(MSG_NOSIGNAL)
#else
    private let noSignal: Int32 = 0
#endif
