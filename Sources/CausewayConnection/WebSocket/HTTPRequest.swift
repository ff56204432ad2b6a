import CausewayIdentity

/// What the head of an HTTP/1.1 request says to a server that shows pages on its WebSocket's port (RFC 9110, RFC 9112).
public struct HTTPRequest: Equatable, Sendable {
    /// `GET`, `HEAD`, or whatever else was sent.
    public private(set) var method: [UInt8]
    /// As it stands in the request line, with its query.
    public private(set) var target: [UInt8]
    /// The fields that pages are served by, nil where there is none.
    public private(set) var host: [UInt8]?
    public private(set) var origin: [UInt8]?
    public private(set) var fetchSite: [UInt8]?
    public private(set) var ifNoneMatch: [UInt8]?
    /// It asks for an upgrade to `websocket`, rightly or wrongly: `WebSocketHandshake` has to answer it.
    public private(set) var isUpgrade = false

    init(_ head: HTTPHead) throws(WebSocketFault) {
        let line = head.firstLine
        var (method, target) = (0, 0)
        while method < line.count && HTTPHead.isToken(line[method]) { method += 1 }
        target = method + 1
        while target < line.count && line[target] > 0x20 && line[target] < 0x7f { target += 1 }
        guard method > 0, target > method + 1, target < line.count, line[method] == 0x20, line[target] == 0x20,
            line.slice(target + 1, line.count).equals("http/1.1")
        else { throw .malformedHead }
        self.method = [UInt8](copying: line.slice(0, method))
        self.target = [UInt8](copying: line.slice(method + 1, target))
        var read = self
        var hosts = 0
        try head.forEachField { name, value in
            if name.equals("host") {
                read.host = [UInt8](copying: value)
                hosts += 1
            } else if name.equals("origin") {
                read.origin = [UInt8](copying: value)
            } else if name.equals("sec-fetch-site") {
                read.fetchSite = [UInt8](copying: value)
            } else if name.equals("if-none-match") {
                read.ifNoneMatch = [UInt8](copying: value)
            } else if name.equals("upgrade") {
                read.isUpgrade = read.isUpgrade || value.lists("websocket")
            }
        }
        guard hosts == 1 else { throw .badHost }
        self = read
    }
}

/// Reads the head of a request while it trickles in.
public struct HTTPRequestReader: Sendable {
    private var scanner: HTTPHeadScanner

    /// At most `headLimit` bytes (`ConnectionLimits.httpHead`).
    public init(headLimit: Int) { scanner = HTTPHeadScanner(limit: headLimit) }

    /// Looks at everything received so far, from the first byte on; nil while the head is not whole.
    public mutating func receive(_ bytes: UnsafeRawBufferPointer) throws(WebSocketFault) -> HTTPRequest? {
        guard bytes.isEmpty || HTTPHead.isToken(bytes[0]) else { throw .malformedHead }
        guard let end = try scanner.end(in: bytes) else { return nil }
        return try HTTPRequest(HTTPHead(bytes.slice(0, end)))
    }
}
