import CausewayConnection
import CausewayTLS

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

    private let link: BlockingLink
    private let isServer: Bool
    private var decoder: WebSocketDecoder
    private var pending: [UInt8] = []

    private init(_ link: BlockingLink, isServer: Bool) {
        (self.link, self.isServer) = (link, isServer)
        decoder = WebSocketDecoder(isServer: isServer)
    }

    /// Dials 127.0.0.1 and asks for `path`; nil if the answer is no.
    convenience init?(port: UInt16, path: String, tls: TLSClientContext? = nil) throws {
        guard let link = try BlockingLink(port: port, tls: tls) else { return nil }
        self.init(link, isServer: false)
        let key = (0..<16).map { _ in UInt8.random(in: 0...255) }
        let handshake = try WebSocketHandshake(host: Array("127.0.0.1:\(port)".utf8), path: Array(path.utf8), key: key, headLimit: 8192)
        link.send(handshake.request)
        guard complete(handshake) else { return nil }
    }

    /// Serves an accepted link; nil if it asked for something else.
    convenience init?(accepted link: BlockingLink) {
        self.init(link, isServer: true)
        guard complete(WebSocketHandshake(serverWithHeadLimit: 8192)) else { return nil }
    }

    private func complete(_ handshake: WebSocketHandshake) -> Bool {
        var handshake = handshake
        while fill() {
            switch pending.withUnsafeBytes({ handshake.receive($0) }) {
            case .incomplete: continue
            case .accepted(let response, let consumed):
                link.send(response)
                pending.removeFirst(consumed)
                return true
            case .rejected(let response, _):
                link.send(response)
                drain()
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
        link.send(frame)
    }

    func sendClose(_ code: UInt16?) {
        send(.close, code.map { [UInt8($0 >> 8), UInt8($0 & 255)] } ?? [])
    }

    /// Ends our direction and waits for the end of the other's.
    func drain() {
        link.finish()
        while fill() {}
    }

    /// Waits for more bytes; false at the end.
    private func fill() -> Bool {
        let bytes = link.receive()
        pending += bytes
        return !bytes.isEmpty
    }
}
