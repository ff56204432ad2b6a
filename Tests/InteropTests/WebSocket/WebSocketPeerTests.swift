import CausewayConnection
import CausewayTLS
import Foundation
import Testing

/// Our WebSocket against PyPI's `websockets`, in both roles: fragments, pings and closes of every kind.
@Suite(.enabled(if: PythonPeers.areWanted)) struct WebSocketPeerTests {
    @Test(arguments: [false, true]) func theirClientVisitsOurServer(overTLS: Bool) throws {
        let certificate = try overTLS ? Certificate() : nil
        let port = BlockingLink.listen(tls: try certificate?.server()) { link in
            if let connection = BlockingWebSocket(accepted: link) { echo(connection) }
        }
        let url = "\(overTLS ? "wss" : "ws")://127.0.0.1:\(port)/some/path"
        let (status, output) = try PythonPeers.run("websockets_peer.py", ["visit", url] + (certificate.map { [$0.folder] } ?? []))
        #expect(status == 0, "\(output)")
        #expect(output.contains(" passed, 0 failed"))
    }

    @Test(arguments: [false, true]) func ourClientVisitsTheirServer(overTLS: Bool) throws {
        let certificate = try overTLS ? Certificate() : nil
        let (process, input, output) = try PythonPeers.start("websockets_peer.py", ["serve"] + (certificate.map { [$0.folder] } ?? []))
        defer {
            try? input.fileHandleForWriting.close()
            process.waitUntilExit()
        }
        let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        let port = try #require(UInt16(line.trimmingCharacters(in: .whitespacesAndNewlines)))
        let paths = try PythonPeers.run("websockets_peer.py", ["cases"]).output.split(separator: "\n")
        #expect(paths.count > 20)
        for path in paths {
            let connection = try #require(try BlockingWebSocket(port: port, path: "/" + path, tls: try certificate?.client()))
            try visit(connection, path.split(separator: "/").map(String.init))
        }
    }
}

/// A certificate for 127.0.0.1 in a folder that lives as long as this object.
private final class Certificate {
    let folder = NSTemporaryDirectory() + "causeway-wss-" + UUID().uuidString

    init() throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        #expect(try PythonPeers.run("websockets_peer.py", ["certificate", folder]).status == 0)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    func server() throws -> TLSServerContext { try TLSServerContext(certificates: folder + "/cert.pem", key: folder + "/key.pem") }
    func client() throws -> TLSClientContext { try TLSClientContext(authorities: folder + "/cert.pem") }
}

/// Sends all payload back, answers pings and closes, and tells faults as RFC 6455 section 7.1.7 says.
private func echo(_ connection: BlockingWebSocket) {
    while true {
        switch connection.next() {
        case .data(let bytes): connection.send(.binary, bytes)
        case .ping(let bytes): connection.send(.pong, bytes)
        case .pong: continue
        case .close(let code):
            connection.sendClose(code)
            return connection.drain()
        case .fault:
            connection.sendClose(WebSocketFault.closeCode)
            return connection.drain()
        case .end: return
        }
    }
}

/// Plays our part of what their server does at a path.
private func visit(_ connection: BlockingWebSocket, _ words: [String]) throws {
    switch words[0] {
    case "fragments":
        let size = try #require(Int(words[1]))
        #expect(gather(connection, size) == pattern(size))
    case "ping":
        var pings = 0
        while pings < 21, case .ping(let bytes) = connection.next() {
            pings += 1
            connection.send(.pong, bytes)
        }
        #expect(pings == 21)
        #expect(connection.next() == .pong(Array("unsolicited".utf8)))
    case "text": #expect(gather(connection, 14) == Array("grüße, 世界".utf8))
    case "close":
        #expect(connection.next() == .close(UInt16(words[1])))
        connection.sendClose(UInt16(words[1]))
        return #expect(connection.next() == .end)
    case "abort": return #expect(connection.next() == .end)
    default: break
    }
    exchange(connection)
    connection.send(.ping, [1, 2, 3])
    #expect(connection.next() == .pong([1, 2, 3]))
    connection.sendClose(1000)
    #expect(connection.next() == .close(1000))
    #expect(connection.next() == .end)
}

/// Messages of every length class, whole and in fragments with a ping inside, must come back.
private func exchange(_ connection: BlockingWebSocket) {
    for size in [1, 125, 126, 65535, 65536, 300_000] {
        connection.send(.binary, pattern(size))
        #expect(gather(connection, size) == pattern(size), "\(size) bytes")
    }
    connection.send(.binary, pattern(100), isFinal: false)
    connection.send(.ping, [])
    connection.send(.continuation, [], isFinal: false)
    connection.send(.continuation, pattern(50))
    #expect(connection.next() == .pong([]))
    #expect(gather(connection, 150) == pattern(100) + pattern(50))
}

private func gather(_ connection: BlockingWebSocket, _ size: Int) -> [UInt8] {
    var got: [UInt8] = []
    while got.count < size, case .data(let bytes) = connection.next() { got += bytes }
    return got
}

private func pattern(_ size: Int) -> [UInt8] { (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 8) } }
