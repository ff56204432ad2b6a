import CausewayConnection
import Testing

/// Feeds a reader growing prefixes, `piece` bytes more at a time.
private func read(_ text: String, piece: Int = .max / 2) throws -> HTTPRequest? {
    let bytes = Array(text.utf8)
    var reader = HTTPRequestReader(headLimit: 512)
    var count = 0
    while count < bytes.count {
        count = min(count + piece, bytes.count)
        if let request = try bytes[0..<count].withUnsafeBytes({ try reader.receive($0) }) { return request }
    }
    return nil
}

@Suite("Requests for pages") struct HTTPRequestTests {
    private let whole = """
        HEAD /status.json?a=b HTTP/1.1\r
        Host: relay.example:4002\r
        ORIGIN: http://relay.example:4002\r
        Sec-Fetch-Site: same-origin\r
        If-None-Match: "abc"\r
        \r

        """

    @Test(arguments: [1, 7, 10_000]) func fields(_ piece: Int) throws {
        let request = try #require(try read(whole + "what follows", piece: piece))
        #expect(request.method == Array("HEAD".utf8) && request.target == Array("/status.json?a=b".utf8))
        #expect(request.host == Array("relay.example:4002".utf8) && request.origin == Array("http://relay.example:4002".utf8))
        #expect(request.fetchSite == Array("same-origin".utf8) && request.ifNoneMatch == Array("\"abc\"".utf8))
        #expect(!request.isUpgrade)
        #expect(try read(String(whole.dropLast(2)), piece: piece) == nil)
    }

    @Test func upgradesAreTold() throws {
        #expect(try read("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: h2c, WebSocket\r\n\r\n")?.isUpgrade == true)
        #expect(try read("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\n\r\n")?.isUpgrade == false)
    }

    /// As health checks and proxies send them to a server behind them.
    @Test(arguments: ["", "Host: relay.example\r\n"]) func theOldVersionIsRead(_ host: String) throws {
        let request = try #require(try read("GET /status.json HTTP/1.0\r\n" + host + "Upgrade: websocket\r\n\r\n"))
        #expect(request.target == Array("/status.json".utf8) && !request.isUpgrade)
        #expect(request.host == (host.isEmpty ? nil : Array("relay.example".utf8)))
    }

    @Test func aProxyIsNoticed() throws {
        for field in ["X-Forwarded-For: 192.0.2.1", "x-real-ip: 192.0.2.1", "Forwarded: for=192.0.2.1", "Via: 1.1 a"] {
            #expect(try read("GET / HTTP/1.1\r\nHost: a\r\n\(field)\r\n\r\n")?.isPassedOn == true, "\(field)")
        }
        #expect(try read("GET / HTTP/1.0\r\n\r\n")?.isPassedOn == true && read(whole)?.isPassedOn == false)
    }

    /// RFC 9112 section 3.2.2: its authority counts, not the field's.
    @Test(
        arguments: [
            ("http://a:4002/b?c", "a:4002", "/b?c"), ("HTTPS://a", "a", "/"), ("http://a?c", "a", "/?c"),
            ("/http://a/b", "field", "/http://a/b"), ("ftp://a/b", "field", "ftp://a/b"),
        ])
    func aWholeURINamesTheServer(_ target: String, _ host: String, _ path: String) throws {
        let request = try #require(try read("GET \(target) HTTP/1.1\r\nHost: field\r\n\r\n"))
        #expect(request.host == Array(host.utf8) && request.target == Array(path.utf8))
    }

    @Test(
        arguments: [
            ("\u{1}", WebSocketFault.malformedHead), ("GET /\r\n\r\n", .malformedHead),
            ("GET / HTTP/1.2\r\nHost: a\r\n\r\n", .malformedHead), ("GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", .badHost),
            ("GET  HTTP/1.1\r\nHost: a\r\n\r\n", .malformedHead), ("GET / x HTTP/1.1\r\nHost: a\r\n\r\n", .malformedHead),
            ("GET / HTTP/1.1\nHost: a\n\n", .bareLineEnd), ("GET / HTTP/1.1\r\n\r\n", .badHost),
            ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", .badHost), ("GET / HTTP/1.1\r\nHost : a\r\n\r\n", .malformedHead),
            ("GET /" + String(repeating: "a", count: 600), .headTooLarge),
        ])
    func faults(_ text: String, _ fault: WebSocketFault) {
        #expect(throws: fault) { try read(text) }
        #expect(throws: fault) { try read(text, piece: 1) }
    }
}
