import CausewayIdentity

/// The parts of a request that matter to a server which serves pages on its WebSocket port (RFC 9110, RFC 9112). HTTP/1.0 is what health
/// checks and proxies speak to a server behind them.
public struct HTTPRequest: Equatable, Sendable {
    /// `GET`, `HEAD`, or whatever else the client sent.
    public private(set) var method: [UInt8]
    /// The path in the request line, including its query.
    public private(set) var target: [UInt8]
    /// The server's name as the client wrote it: in the request line, if that holds a whole URI (RFC 9112 section 3.2.2), else in its
    /// field. nil: only HTTP/1.0 may leave it out.
    public private(set) var host: [UInt8]?
    /// The fields that serving pages needs. nil: absent.
    public private(set) var origin: [UInt8]?
    public private(set) var fetchSite: [UInt8]?
    public private(set) var ifNoneMatch: [UInt8]?
    /// Whether a proxy passed the request on: it says so, or speaks HTTP/1.0, as nginx does unless it is told otherwise.
    public private(set) var isPassedOn = false
    /// Whether the request asks for an upgrade to `websocket`, rightly or wrongly. Then `WebSocketHandshake` has to answer it. HTTP/1.0
    /// knows no upgrade (RFC 9110 section 7.8).
    public private(set) var isUpgrade = false

    init(_ head: HTTPHead) throws(WebSocketFault) {
        let line = head.firstLine
        var (method, target) = (0, 0)
        while method < line.count && HTTPHead.isToken(line[method]) { method += 1 }
        target = method + 1
        while target < line.count && line[target] > 0x20 && line[target] < 0x7f { target += 1 }
        guard method > 0, target > method + 1, target < line.count, line[method] == 0x20, line[target] == 0x20 else { throw .malformedHead }
        let version = line.slice(target + 1, line.count)
        let isOld = version.equals("http/1.0")
        guard isOld || version.equals("http/1.1") else { throw .malformedHead }
        let (authority, path) = Self.split(line.slice(method + 1, target))
        self.method = [UInt8](copying: line.slice(0, method))
        self.target = path
        isPassedOn = isOld
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
                read.isUpgrade = read.isUpgrade || !isOld && value.lists("websocket")
            } else if name.equals("x-forwarded-for") || name.equals("x-real-ip") || name.equals("forwarded") || name.equals("via") {
                read.isPassedOn = true
            }
        }
        guard hosts == 1 || isOld && hosts == 0 else { throw .badHost }
        if let authority { read.host = authority }
        self = read
    }

    /// The authority and the path of a target. A target that is a path has no authority.
    private static func split(_ target: UnsafeRawBufferPointer) -> (authority: [UInt8]?, path: [UInt8]) {
        var colon = 0
        while colon < target.count && target[colon] != 0x3a && target[colon] != 0x2f { colon += 1 }
        let scheme = target.slice(0, colon)
        guard scheme.equals("http") || scheme.equals("https"), target.slice(colon, target.count).starts(with: "://") else {
            return (nil, [UInt8](copying: target))
        }
        let start = colon + 3
        var end = start
        while end < target.count && target[end] != 0x2f && target[end] != 0x3f { end += 1 }
        let path = [UInt8](copying: target.slice(end, target.count))
        return ([UInt8](copying: target.slice(start, end)), path.first == 0x2f ? path : [0x2f] + path)
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
