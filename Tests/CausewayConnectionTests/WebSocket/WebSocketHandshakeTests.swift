import Testing

@testable import CausewayConnection

/// Feeds a machine growing prefixes of `bytes`, `piece` bytes more at a time, until it says something.
private func feed(_ machine: inout WebSocketHandshake, _ bytes: [UInt8], piece: Int) -> WebSocketHandshake.Step {
    var count = 0
    while true {
        count = min(count + piece, bytes.count)
        let step = bytes[0..<count].withUnsafeBytes { machine.receive($0) }
        if step != .incomplete || count == bytes.count { return step }
    }
}

private func serve(_ text: String, piece: Int = .max / 2) -> WebSocketHandshake.Step {
    var server = WebSocketHandshake(serverWithHeadLimit: 8192)
    return feed(&server, Array(text.utf8), piece: piece)
}

private func fault(_ step: WebSocketHandshake.Step) -> WebSocketFault? {
    guard case .rejected(_, let fault) = step else { return nil }
    return fault
}

private func status(_ step: WebSocketHandshake.Step) -> String {
    guard case .rejected(let response, _) = step else { return "" }
    return String(decoding: response.dropFirst(9).prefix(3), as: UTF8.self)
}

/// The request of RFC 6455 section 1.2, with its fields changed or left out.
private func request(
    method: String = "GET /any/path?x HTTP/1.1", host: String? = "Host: server.example.com", upgrade: String? = "Upgrade: websocket",
    connection: String? = "Connection: Upgrade", key: String? = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    version: String? = "Sec-WebSocket-Version: 13", more: [String] = []
) -> String {
    ([method, host, upgrade, connection, key, version].compactMap { $0 } + more).joined(separator: "\r\n") + "\r\n\r\n"
}

private let accepted = """
    HTTP/1.1 101 Switching Protocols\r
    Upgrade: websocket\r
    Connection: Upgrade\r
    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r
    \r

    """

@Suite struct WebSocketServerHandshakeTests {
    @Test(arguments: [1, 2, 7, 10_000]) func acceptsTheSpecificationsRequest(piece: Int) {
        let text = request(more: ["Origin: http://example.com", "Sec-WebSocket-Extensions: permessage-deflate", "X-Empty:"])
        #expect(serve(text, piece: piece) == .accepted(response: Array(accepted.utf8), consumed: text.utf8.count))
    }

    @Test func framesBehindTheHeadAreLeft() {
        let text = request()
        #expect(serve(text + "\u{2}\u{1}abc") == .accepted(response: Array(accepted.utf8), consumed: text.utf8.count))
    }

    @Test func namesAndTokensDisregardCase() {
        let text = request(upgrade: "UPGRADE:\tfoo, WebSocket ", connection: "connection:keep-alive,UPGRADE")
        guard case .accepted = serve(text) else { return #expect(Bool(false), "refused") }
    }

    @Test(arguments: [
        (request(upgrade: nil), WebSocketFault.notAnUpgrade, "400"), (request(upgrade: "Upgrade: h2c"), .notAnUpgrade, "400"),
        (request(connection: nil), .missingConnection, "400"), (request(connection: "Connection: upgraded"), .missingConnection, "400"),
        (request(key: nil), .badKey, "400"), (request(key: "Sec-WebSocket-Key: short"), .badKey, "400"),
        (request(key: "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j!Q=="), .badKey, "400"),
        (request(more: ["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="]), .badKey, "400"),
        (request(version: nil), .wrongVersion, "426"), (request(version: "Sec-WebSocket-Version: 8"), .wrongVersion, "426"),
        (request(host: nil), .badHost, "400"), (request(more: ["host: b"]), .badHost, "400"),
        (request(method: "POST / HTTP/1.1"), .wrongMethod, "405"), (request(method: "GET / HTTP/1.0"), .malformedHead, "400"),
        (request(method: "GET  HTTP/1.1"), .malformedHead, "400"), (request(method: "GET / x HTTP/1.1"), .malformedHead, "400"),
        (request(method: "GET /"), .malformedHead, "400"), (request(more: [" folded"]), .malformedHead, "400"),
        (request(more: ["Name : x"]), .malformedHead, "400"), (request(more: ["nocolon"]), .malformedHead, "400"),
        (request(more: [": x"]), .malformedHead, "400"), (request(more: ["X: a\u{0}b"]), .malformedHead, "400"),
        (request(more: ["Content-Length: 5"]), .unexpectedBody, "400"),
        (request(more: ["Transfer-Encoding: chunked"]), .unexpectedBody, "400"),
        (request(more: ["X: a\nY: b"]), .bareLineEnd, "400"), (request(more: ["X: a\rY: b"]), .bareLineEnd, "400"),
        ("GET / HTTP/1.1\nHost: a\n\n", .bareLineEnd, "400"), ("\u{13}/multistream/1.0.0\n", .wrongMethod, "405"),
        (request(more: (0..<HTTPHeadScanner.maximumLines).map { "X\($0): y" }), .tooManyHeaders, "431"),
    ]) func refuses(text: String, expected: WebSocketFault, code: String) {
        for piece in [1, 4096] {
            let step = serve(text, piece: piece)
            #expect(fault(step) == expected)
            #expect(status(step) == code)
        }
    }

    @Test func aWrongVersionIsToldTheRightOne() {
        guard case .rejected(let response, _) = serve(request(version: "Sec-WebSocket-Version: 7")) else { return #expect(Bool(false)) }
        #expect(String(decoding: response, as: UTF8.self).contains("\r\nSec-WebSocket-Version: 13\r\n"))
    }

    @Test func responsesNameTheirLengths() {
        for text in [request(upgrade: nil), request(key: nil), request(version: nil), request(method: "PUT / HTTP/1.1")] {
            guard case .rejected(let response, _) = serve(text) else { return #expect(Bool(false)) }
            let parts = String(decoding: response, as: UTF8.self).split(separator: "\r\n\r\n", maxSplits: 1)
            #expect(parts[0].contains("Content-Length: \(parts[1].utf8.count)"))
        }
    }

    @Test func endlessHeadsEndAtTheLimit() {
        let endlessLine = "GET /" + String(repeating: "a", count: 100_000)
        #expect(fault(serve(endlessLine, piece: 100)) == .headTooLarge)
        #expect(status(serve(endlessLine)) == "431")
        var server = WebSocketHandshake(serverWithHeadLimit: 64)
        #expect(fault(feed(&server, Array(request().utf8), piece: 1)) == .headTooLarge)
        let text = request()
        var exact = WebSocketHandshake(serverWithHeadLimit: text.utf8.count)
        guard case .accepted = feed(&exact, Array(text.utf8), piece: 1) else { return #expect(Bool(false), "a head of just the limit") }
    }

    @Test func everyBeginningOfARequestIsIncomplete() {
        let bytes = Array(request().utf8)
        for count in 0..<bytes.count {
            var server = WebSocketHandshake(serverWithHeadLimit: 8192)
            #expect(bytes[0..<count].withUnsafeBytes { server.receive($0) } == .incomplete)
        }
    }
}

@Suite struct WebSocketClientHandshakeTests {
    private func client() throws -> WebSocketHandshake {
        try WebSocketHandshake(host: Array("a.example:81".utf8), path: [], key: Array("the sample nonce".utf8), headLimit: 8192)
    }

    private func answer(_ text: String, piece: Int = 1) throws -> WebSocketHandshake.Step {
        var machine = try client()
        return feed(&machine, Array(text.utf8), piece: piece)
    }

    @Test func asksInTheSpecificationsWords() throws {
        #expect(
            String(decoding: try client().request, as: UTF8.self)
                == "GET / HTTP/1.1\r\nHost: a.example:81\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
    }

    @Test func bothSidesUnderstandEachOther() throws {
        var (machine, server) = (try client(), WebSocketHandshake(serverWithHeadLimit: 8192))
        guard case .accepted(let response, let consumed) = feed(&server, machine.request, piece: 3) else { return #expect(Bool(false)) }
        #expect(consumed == machine.request.count)
        #expect(feed(&machine, response, piece: 5) == .accepted(response: [], consumed: response.count))
    }

    @Test func firstFramesMayFollowAtOnce() throws {
        #expect(try answer(accepted + "\u{2}\u{0}", piece: 1000) == .accepted(response: [], consumed: accepted.utf8.count))
    }

    @Test(arguments: [
        ("HTTP/1.1 200 OK\r\n\r\n", WebSocketFault.refused), ("HTTP/1.1 404\r\n\r\n", .refused),
        ("HTTP/1.1 301 Moved\r\nLocation: /\r\n\r\n", .redirected),
        ("HTTP/1.1 502 Bad Gateway\r\n\r\n", .serverFailed), ("HTTP/1.0 101 x\r\n\r\n", .malformedHead),
        ("HTTP/1.1 1x1 y\r\n\r\n", .malformedHead),
        ("HTTP/1.1 1010\r\n\r\n", .malformedHead), ("SSH-2.0-OpenSSH\r\n", .malformedHead), ("HTTP/1.1 101 x\n\n", .bareLineEnd),
        ("HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n", .wrongAccept),
        ("HTTP/1.1 101 x\r\nConnection: Upgrade\r\n\r\n", .notAnUpgrade),
        ("HTTP/1.1 101 x\r\nUpgrade: websocket\r\n\r\n", .missingConnection),
    ]) func refuses(text: String, expected: WebSocketFault) throws {
        #expect(try answer(text) == .rejected(response: [], expected))
    }

    @Test func refusesAnotherKeysAcceptAndWhatWasNotOffered() throws {
        let other = accepted.replacing("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", with: "s3pPLMBiTxaQ9kYGzzhZRbK+xOO=")
        #expect(fault(try answer(other)) == .wrongAccept)
        let extended = accepted.replacing("Upgrade: websocket", with: "Sec-WebSocket-Extensions: permessage-deflate\r\nUpgrade: websocket")
        #expect(fault(try answer(extended)) == .unofferedExtension)
    }

    @Test func endlessAnswersEndAtTheLimit() throws {
        #expect(fault(try answer("HTTP/1.1 101 x\r\nX: " + String(repeating: "y", count: 9000), piece: 10)) == .headTooLarge)
    }

    @Test func targetsCannotSmuggleHeaders() {
        for (host, path) in [("a\r\nX: y", "/"), ("a b", "/"), ("", "/"), ("a", "/x y"), ("a", "x"), ("a", "/\u{e9}")] {
            #expect(throws: WebSocketFault.badTarget) {
                _ = try WebSocketHandshake(
                    host: Array(host.utf8), path: Array(path.utf8), key: [UInt8](repeating: 1, count: 16), headLimit: 8192)
            }
        }
    }
}
