import CausewayConnection
import Foundation

/// Our WebSocket machines over a blocking socket: as little as a test needs.
final class BlockingWebSocket {
    enum Event: Equatable {
        case data([UInt8])
        case ping([UInt8])
        case pong([UInt8])
        case close(UInt16?)
        case fault(WebSocketFault)
        /// The other side ended the TCP connection.
        case end
    }

    private let link: Int32
    private let isServer: Bool
    private var decoder: WebSocketDecoder
    private var pending: [UInt8] = []

    private init(_ link: Int32, isServer: Bool) {
        (self.link, self.isServer) = (link, isServer)
        decoder = WebSocketDecoder(isServer: isServer)
    }

    deinit { close(link) }

    /// Dials 127.0.0.1 and asks for `path`; nil if the answer is no.
    convenience init?(port: UInt16, path: String) throws {
        self.init(Self.tcpSocket(), isServer: false)
        guard Self.withLoopback(port, { connect(link, $0, $1) }) == 0 else { return nil }
        let key = (0..<16).map { _ in UInt8.random(in: 0...255) }
        let handshake = try WebSocketHandshake(host: Array("127.0.0.1:\(port)".utf8), path: Array(path.utf8), key: key, headLimit: 8192)
        sendRaw(handshake.request)
        guard complete(handshake) else { return nil }
    }

    /// Serves an accepted socket; nil if it asked for something else.
    convenience init?(accepted: Int32) {
        self.init(accepted, isServer: true)
        guard complete(WebSocketHandshake(serverWithHeadLimit: 8192)) else { return nil }
    }

    private func complete(_ handshake: WebSocketHandshake) -> Bool {
        var handshake = handshake
        while fill() {
            switch pending.withUnsafeBytes({ handshake.receive($0) }) {
            case .incomplete: continue
            case .accepted(let response, let consumed):
                sendRaw(response)
                pending.removeFirst(consumed)
                return true
            case .rejected(let response, _):
                sendRaw(response)
                shutdown(link, Int32(SHUT_WR))
                while fill() {}
                return false
            }
        }
        return false
    }

    /// The next thing the other side said.
    func next() -> Event {
        while true {
            do throws(WebSocketFault) {
                switch try step() {
                case .needMore: if !fill() { return .end }
                case .payload(let consumed, let range):
                    let payload = Array(pending[range])
                    pending.removeFirst(consumed)
                    if !payload.isEmpty { return .data(payload) }
                case .control(let consumed, let opcode, let range):
                    let payload = Array(pending[range])
                    pending.removeFirst(consumed)
                    return event(opcode, payload)
                }
            } catch {
                return .fault(error)
            }
        }
    }

    private func step() throws(WebSocketFault) -> WebSocketDecoder.Step {
        let result = pending.withUnsafeMutableBytes { bytes in
            Result { () throws(WebSocketFault) in try decoder.next(in: bytes) }
        }
        return try result.get()
    }

    private func event(_ opcode: WebSocketOpcode, _ payload: [UInt8]) -> Event {
        switch opcode {
        case .ping: .ping(payload)
        case .pong: .pong(payload)
        default: .close(payload.withUnsafeBytes { try? WebSocketDecoder.closeCode($0) })
        }
    }

    /// Sends one frame; `isFinal: false` makes it a fragment.
    func send(_ opcode: WebSocketOpcode, _ payload: [UInt8], isFinal: Bool = true) {
        let mask: UInt32? = isServer ? nil : .random(in: 0...UInt32.max)
        let header = WebSocketFraming.headerLength(payload: payload.count, masked: mask != nil)
        var frame = [UInt8](repeating: 0, count: header) + payload
        frame.withUnsafeMutableBytes { bytes in
            WebSocketFraming.writeHeader(into: bytes.baseAddress!, opcode: opcode, payload: payload.count, mask: mask)
            if let mask { WebSocketFraming.mask(UnsafeMutableRawBufferPointer(rebasing: bytes[header...]), key: mask, phase: 0) }
        }
        if !isFinal { frame[0] &= 0x7f }
        sendRaw(frame)
    }

    func sendClose(_ code: UInt16?) {
        send(.close, code.map { [UInt8($0 >> 8), UInt8($0 & 255)] } ?? [])
    }

    /// Ends our direction and waits for the end of the other's.
    func drain() {
        shutdown(link, Int32(SHUT_WR))
        while fill() {}
    }

    private func sendRaw(_ bytes: [UInt8]) {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes { Foundation.send(link, $0.baseAddress! + sent, bytes.count - sent, noSignal) }
            if count <= 0 { return }
            sent += count
        }
    }

    /// Waits for more bytes; false at the end.
    private func fill() -> Bool {
        var buffer = [UInt8](repeating: 0, count: 65536)
        let count = recv(link, &buffer, buffer.count, 0)
        if count > 0 { pending += buffer.prefix(count) }
        return count > 0
    }

    // MARK: - Sockets

    /// A socket that gives up after 20 s without a byte.
    private static func tcpSocket() -> Int32 {
        #if os(Linux)
        let link = Foundation.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #else
        let link = Foundation.socket(AF_INET, SOCK_STREAM, 0)
        #endif
        limitWaits(link)
        return link
    }

    private static func limitWaits(_ link: Int32) {
        var patience = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(link, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
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

    /// Listens on a free port of 127.0.0.1 and serves every connection on a thread of its own, until the process ends.
    static func listen(_ serve: @escaping @Sendable (BlockingWebSocket) -> Void) -> UInt16 {
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
                limitWaits(accepted)
                Thread.detachNewThread {
                    if let connection = BlockingWebSocket(accepted: accepted) { serve(connection) }
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
