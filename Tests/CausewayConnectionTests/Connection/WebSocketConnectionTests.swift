import CausewayIdentity
import Testing

@testable import CausewayConnection

/// A browser-like remote: WebSocket by hand, in messages of any size, around a connection that knows nothing of it.
private final class Wrapped {
    let inside: Side
    let server: Side
    private let size: Int
    private var decoder = WebSocketDecoder(isServer: false)
    private var rest: [UInt8] = []
    let now = Instant(nanoseconds: 5)
    /// Control frames of the server.
    var controls: [WebSocketOpcode] = []

    init(messages size: Int) throws {
        self.size = size
        inside = Side(Pair.configuration(initiator: true), now: now)
        server = Side(Pair.configuration(initiator: false, webSocket: true), now: now)
        var handshake = try WebSocketHandshake(host: [UInt8]("a".utf8), path: [], key: [UInt8](repeating: 1, count: 16), headLimit: 8192)
        server.receive(handshake.request, now: now)
        let response = server.takeWire()
        guard case .accepted = response.withUnsafeBytes({ handshake.receive($0) }) else {
            Issue.record("no WebSocket")
            return
        }
    }

    func frame(_ opcode: WebSocketOpcode, _ payload: [UInt8]) -> [UInt8] {
        let header = WebSocketFraming.headerLength(payload: payload.count, masked: true)
        var out = [UInt8](repeating: 0, count: header) + payload
        out.withUnsafeMutableBytes {
            WebSocketFraming.writeHeader(into: $0.baseAddress!, opcode: opcode, payload: payload.count, mask: 0xa1b2_c3d4)
            WebSocketFraming.mask(UnsafeMutableRawBufferPointer(rebasing: $0[header...]), key: 0xa1b2_c3d4, phase: 0)
        }
        return out
    }

    func exchange() {
        for _ in 0..<10 {
            let sent = inside.takeWire()
            var framed: [UInt8] = []
            for start in stride(from: 0, to: sent.count, by: size) {
                framed += frame(start % 3 == 0 ? .text : .binary, [UInt8](sent[start..<min(start + size, sent.count)]))
                framed += frame(.ping, [1])
            }
            if !framed.isEmpty { server.receive(framed, now: now) }
            inside.receive(unwrap(server.takeWire()), now: now)
        }
    }

    private func unwrap(_ bytes: [UInt8]) -> [UInt8] {
        rest += bytes
        var out: [UInt8] = []
        while let step = try? rest.withUnsafeMutableBytes({ try decoder.next(in: $0) }) {
            switch step {
            case .needMore: return out
            case .payload(let consumed, let range):
                out += rest[range]
                rest.removeFirst(consumed)
            case .control(let consumed, let opcode, _):
                controls.append(opcode)
                rest.removeFirst(consumed)
            }
        }
        Issue.record("the server's frames are broken")
        return out
    }
}

@Suite struct WebSocketConnectionTests {
    @Test(arguments: [1, 3, 50, 1000, 40_000])
    func messageBordersMeanNothing(size: Int) throws {
        for prepares in [true, false] {
            let wrapped = try Wrapped(messages: size)
            wrapped.server.prepares = prepares
            wrapped.exchange()
            #expect(wrapped.inside.isEstablished && wrapped.server.isEstablished)
            let id = try wrapped.inside.open("/echo/1", now: wrapped.now)
            let sent = [UInt8].pattern(size < 10 ? 2000 : 100_000)
            #expect(try wrapped.inside.write(id, sent) == sent.count)
            wrapped.exchange()
            #expect(wrapped.server.data[id] == sent)
            #expect(wrapped.controls.allSatisfy { $0 == .pong } && !wrapped.controls.isEmpty)
        }
    }

    @Test func theRemotesCloseIsTheLinksEnd() throws {
        let wrapped = try Wrapped(messages: 1000)
        wrapped.exchange()
        wrapped.server.receive(wrapped.frame(.close, [0x03, 0xe8]), now: wrapped.now)
        #expect(wrapped.server.closed == .link(errno: 0))
        wrapped.exchange()
        #expect(wrapped.controls.last == .close)
    }

    @Test func brokenFramesAreTheRemotesFault() throws {
        let wrapped = try Wrapped(messages: 1000)
        wrapped.exchange()
        wrapped.server.receive([0x82, 0x01, 0x00], now: wrapped.now)
        #expect(wrapped.server.closed == .peerFault(.webSocket, code: WebSocketFault.unmasked.rawValue))
    }

    @Test func pingsAreBoundedWhileTheRemoteDoesNotRead() throws {
        let wrapped = try Wrapped(messages: 1000)
        wrapped.exchange()
        let pings = [[UInt8]](repeating: wrapped.frame(.ping, [UInt8](repeating: 1, count: 125)), count: 200).flatMap { $0 }
        for _ in 0..<50 where wrapped.server.closed == nil { wrapped.server.receive(pings, now: wrapped.now) }
        #expect(wrapped.server.closed == .limit(.pendingControlFrames, value: 1024))
    }

    @Test func anythingButAnUpgradeIsAnsweredAndEnded() {
        let side = Side(Pair.configuration(initiator: false, webSocket: true), now: Instant(nanoseconds: 1))
        side.receive([UInt8]("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8), now: Instant(nanoseconds: 2))
        #expect(side.closed == .peerFault(.webSocket, code: WebSocketFault.notAnUpgrade.rawValue))
        #expect(side.takeWire().starts(with: [UInt8]("HTTP/1.1 4".utf8)))
    }
}
