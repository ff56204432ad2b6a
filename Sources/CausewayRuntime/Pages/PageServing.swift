public import CausewayConnection

/// Answers the HTTP requests on a WebSocket port that ask for no WebSocket. Called on any of the loops.
public protocol PageServing: Sendable {
    /// Answers a request from `remote`, at once or later, from any thread. An answer that comes too late is dropped.
    func answer(_ request: HTTPRequest, from remote: SocketAddress, then: @escaping @Sendable (HTTPResponse) -> Void)
    /// The answer to a request whose head cannot be read.
    func refuse(_ fault: WebSocketFault) -> HTTPResponse
}

/// An answer. The connection is closed after it.
public struct HTTPResponse: Equatable, Sendable {
    /// From the status line to the empty line.
    public var head: [UInt8]
    /// Shared, not copied: many slow readers of a large page cost its size once.
    public var body: [UInt8]

    /// - Parameters:
    ///   - status: `200 OK`.
    ///   - fields: whole lines, each with its end.
    ///   - length: of the body, which an answer to HEAD leaves out.
    public init(status: String, fields: String, body: [UInt8], length: Int? = nil) {
        // Whoever asks can tell by it whether the two clocks agree.
        let date = HTTPDate(unixSeconds: WallClock.unixSeconds())
        let common = "Date: \(date)\r\nContent-Length: \(length ?? body.count)\r\nConnection: close\r\n\r\n"
        head = Array("HTTP/1.1 \(status)\r\n\(fields)\(common)".utf8)
        self.body = body
    }
}
