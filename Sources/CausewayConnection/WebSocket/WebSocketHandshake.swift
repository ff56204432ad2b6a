import CausewayIdentity

/// The opening handshake of RFC 6455 section 4, for either side, over bytes.
///
/// It accepts any path, as js-libp2p does. It offers and accepts no extension and no subprotocol.
public struct WebSocketHandshake: Sendable {
    /// How far the handshake is.
    public enum Step: Equatable, Sendable {
        /// The head is not complete yet. Call again with the same bytes and more behind them.
        case incomplete
        /// The WebSocket is open. A server sends `response` (a client's is empty). Frames start behind the first `consumed` bytes.
        case accepted(response: [UInt8], consumed: Int)
        /// The handshake failed. A server sends `response` and closes the link (a client's is empty).
        case rejected(response: [UInt8], WebSocketFault)
    }

    /// What a client sends first. Empty for a server.
    public let request: [UInt8]
    private let expectedAccept: [UInt8]?
    private var scanner: HTTPHeadScanner

    /// Makes a server, which waits for a request of at most `headLimit` bytes (`ConnectionLimits.httpHead`).
    public init(serverWithHeadLimit headLimit: Int) {
        request = []
        expectedAccept = nil
        scanner = HTTPHeadScanner(limit: headLimit)
    }

    /// Makes a client.
    /// - Parameters:
    ///   - host: the `Host` header: name or address, with `:port` unless it is the scheme's own, IPv6 in brackets.
    ///   - path: from the first slash; empty means `/`.
    ///   - key: 16 random bytes.
    ///   - headLimit: the most bytes the response's head may have (`ConnectionLimits.httpHead`).
    /// - Throws: `WebSocketFault.badTarget` if host or path contain spaces, control characters or non-ASCII bytes.
    public init(host: [UInt8], path: [UInt8], key: [UInt8], headLimit: Int) throws(WebSocketFault) {
        guard !host.isEmpty, Self.isVisible(host), Self.isVisible(path), path.first ?? 0x2f == 0x2f else { throw .badTarget }
        let key = WebSocketKey.base64(key)
        var out: [UInt8] = []
        out.append("GET " as StaticString)
        if path.isEmpty { out.append(0x2f) }
        out.append(contentsOf: path)
        out.append(" HTTP/1.1\r\nHost: " as StaticString)
        out.append(contentsOf: host)
        out.append("\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " as StaticString)
        out.append(contentsOf: key)
        out.append("\r\n\r\n" as StaticString)
        request = out
        expectedAccept = WebSocketKey.accept(for: key)
        scanner = HTTPHeadScanner(limit: headLimit)
    }

    /// Reads everything received so far, from the first byte on. It rejects an invalid head at once, and not only at its end.
    public mutating func receive(_ bytes: UnsafeRawBufferPointer) -> Step {
        do throws(WebSocketFault) {
            guard let expectedAccept else {
                if !bytes.mayStart(with: "GET ") { throw .wrongMethod }
                guard let end = try scanner.end(in: bytes) else { return .incomplete }
                let key = try UpgradeRequest(HTTPHead(bytes.slice(0, end))).checked()
                return .accepted(response: WebSocketResponse.accepting(key), consumed: end)
            }
            if !bytes.mayStart(with: "HTTP/1.1 ") { throw .malformedHead }
            guard let end = try scanner.end(in: bytes) else { return .incomplete }
            try UpgradeResponse(HTTPHead(bytes.slice(0, end))).check(against: expectedAccept)
            return .accepted(response: [], consumed: end)
        } catch {
            return .rejected(response: expectedAccept == nil ? WebSocketResponse.refusing(error) : [], error)
        }
    }

    private static func isVisible(_ bytes: [UInt8]) -> Bool {
        for byte in bytes where byte <= 0x20 || byte >= 0x7f { return false }
        return true
    }
}

/// The parts of a client's head that matter here.
private struct UpgradeRequest {
    private var key: [UInt8] = []
    private var (keys, hosts, versions) = (0, 0, 0)
    private var (upgrades, connects, hasVersion13, hasBody) = (false, false, false, false)

    init(_ head: HTTPHead) throws(WebSocketFault) {
        guard Self.isGet(head.firstLine) else { throw .malformedHead }
        var read = self
        try head.forEachField { name, value in
            if name.equals("sec-websocket-key") {
                read.key = [UInt8](copying: value)
                read.keys += 1
            } else if name.equals("sec-websocket-version") {
                read.hasVersion13 = value.equals("13")
                read.versions += 1
            } else if name.equals("host") {
                read.hosts += 1
            } else if name.equals("upgrade") {
                read.upgrades = read.upgrades || value.lists("websocket")
            } else if name.equals("connection") {
                read.connects = read.connects || value.lists("upgrade")
            } else if name.equals("transfer-encoding") || name.equals("content-length") && !value.equals("0") {
                read.hasBody = true
            }
        }
        self = read
    }

    /// The key, if everything required is there.
    func checked() throws(WebSocketFault) -> [UInt8] {
        if hosts != 1 { throw .badHost }
        if hasBody { throw .unexpectedBody }
        if !upgrades { throw .notAnUpgrade }
        if !connects { throw .missingConnection }
        if versions != 1 || !hasVersion13 { throw .wrongVersion }
        if keys != 1 || !WebSocketKey.isKey(key) { throw .badKey }
        return key
    }

    /// `GET`, one target without spaces, `HTTP/1.1`.
    private static func isGet(_ line: UnsafeRawBufferPointer) -> Bool {
        var end = 4
        while end < line.count && line[end] != 0x20 { end += 1 }
        guard end > 4, end < line.count else { return false }
        return line.starts(with: "GET ") && line.slice(end + 1, line.count).equals("http/1.1")
    }
}

/// The parts of a server's head that matter here.
private struct UpgradeResponse {
    private var status: UInt16
    private var accept: [UInt8] = []
    private var (upgrades, connects, hasUnoffered) = (false, false, false)

    init(_ head: HTTPHead) throws(WebSocketFault) {
        let line = head.firstLine
        guard line.starts(with: "HTTP/1.1 "), line.count >= 12, line.count == 12 || line[12] == 0x20 else { throw .malformedHead }
        var number: UInt16 = 0
        for index in 9..<12 {
            guard line[index] >= 0x30, line[index] <= 0x39 else { throw .malformedHead }
            number = number * 10 + UInt16(line[index] - 0x30)
        }
        status = number
        var read = self
        try head.forEachField { name, value in
            if name.equals("sec-websocket-accept") {
                read.accept = read.accept.isEmpty ? [UInt8](copying: value) : [0]
            } else if name.equals("upgrade") {
                read.upgrades = read.upgrades || value.lists("websocket")
            } else if name.equals("connection") {
                read.connects = read.connects || value.lists("upgrade")
            } else if name.equals("sec-websocket-extensions") || name.equals("sec-websocket-protocol") {
                read.hasUnoffered = true
            }
        }
        self = read
    }

    func check(against expected: [UInt8]) throws(WebSocketFault) {
        switch status {
        case 101: break
        case 300..<400: throw .redirected
        case 500...: throw .serverFailed
        default: throw .refused
        }
        if !upgrades { throw .notAnUpgrade }
        if !connects { throw .missingConnection }
        if accept != expected { throw .wrongAccept }
        if hasUnoffered { throw .unofferedExtension }
    }
}
