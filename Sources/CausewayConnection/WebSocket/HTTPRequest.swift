import CausewayIdentity

/// The parts of an HTTP/1.1 request that matter to a server which serves pages on its WebSocket port (RFC 9110, RFC 9112).
public struct HTTPRequest: Equatable, Sendable {
    /// `GET`, `HEAD`, or whatever else the client sent.
    public private(set) var method: [UInt8]
    /// The request line's target, including its query.
    public private(set) var target: [UInt8]
    /// The fields that serving pages needs. nil: absent.
    public private(set) var host: [UInt8]?
    public private(set) var origin: [UInt8]?
    public private(set) var fetchSite: [UInt8]?
    public private(set) var ifNoneMatch: [UInt8]?
    /// Whether the request asks for an upgrade to `websocket`, rightly or wrongly. Then `WebSocketHandshake` has to answer it.
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

/// Reads the head of a request while it arrives.
public struct HTTPRequestReader: Sendable {
    private var scanner: HTTPHeadScanner

    /// Accepts at most `headLimit` bytes (`ConnectionLimits.httpHead`).
    public init(headLimit: Int) { scanner = HTTPHeadScanner(limit: headLimit) }

    /// Reads everything received so far, from the first byte on. nil: the head is not complete.
    public mutating func receive(_ bytes: UnsafeRawBufferPointer) throws(WebSocketFault) -> HTTPRequest? {
        guard bytes.isEmpty || HTTPHead.isToken(bytes[0]) else { throw .malformedHead }
        guard let end = try scanner.end(in: bytes) else { return nil }
        return try HTTPRequest(HTTPHead(bytes.slice(0, end)))
    }
}
