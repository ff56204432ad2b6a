import CausewayConnection
import CausewayIdentity

extension Trace {
    /// Two connections over memory shake hands and echo, bare and over WebSocket.
    public static func connections() -> Trace {
        var trace = Trace()
        for isWebSocket in [false, true] {
            guard let pair = MemoryPair(webSocket: isWebSocket) else {
                trace.check(false, "no keys")
                return trace
            }
            trace.check(pair.shakesHands(), isWebSocket ? "no handshake over WebSocket" : "no handshake")
            trace.check(pair.echoes(bytes: 300_000), isWebSocket ? "no echo over WebSocket" : "no echo")
            trace.append(pair.moved)
        }
        return trace
    }
}

/// A dialler and a listener whose wires are each other's input.
private final class MemoryPair {
    /// Every chunk that one gave the other, in order.
    private(set) var moved: [UInt8] = []
    private let dialler: MemoryEnd
    private let listener: MemoryEnd
    private let listenerID: PeerID
    private let now = Instant(nanoseconds: 1)
    private var diallerSaw: PeerID?
    private var listenerIsReady = false
    private var returned = 0
    private var isIntact = true
    private static let echo = [UInt8]("/echo/1.0.0".utf8)

    init?(webSocket: Bool) {
        guard let first = Self.identity(1), let second = Self.identity(2) else { return nil }
        listenerID = second.key.publicKey.peerID
        let protocols = ProtocolTable([ProtocolTable.Entry(name: Self.echo, owner: .application, allowsLimited: true)])
        dialler = MemoryEnd(
            Connection.Configuration(
                identity: first, isInitiator: true,
                webSocket: webSocket ? .client(host: [UInt8]("localhost".utf8), path: [UInt8("/".utf8.first!)]) : .none,
                expecting: listenerID, protocols: protocols, limits: ConnectionLimits(),
                entropy: Secret([UInt8](repeating: 3, count: Connection.entropySize))),
            now: now)
        listener = MemoryEnd(
            Connection.Configuration(
                identity: second, isInitiator: false, webSocket: webSocket ? .server : .none, protocols: protocols,
                limits: ConnectionLimits(),
                entropy: Secret([UInt8](repeating: 4, count: Connection.entropySize))),
            now: now)
    }

    private static func identity(_ seed: UInt8) -> NoiseIdentity? {
        guard let key = try? PrivateKey(ed25519Seed: [UInt8](repeating: seed, count: 32)) else { return nil }
        return try? NoiseIdentity(key, staticSecret: Secret([UInt8](repeating: seed + 16, count: 32)))
    }

    func shakesHands() -> Bool {
        exchange()
        return diallerSaw == listenerID && listenerIsReady
    }

    /// Sends that many bytes and takes them back.
    func echoes(bytes total: Int) -> Bool {
        guard let stream = try? dialler.streams.openStream([Self.echo], now: now) else { return false }
        let chunk = [UInt8](repeating: 0x5a, count: 40_000)
        var sent = 0
        var idle = 0
        while returned < total, idle < 4 {
            let before = (sent, returned)
            let part = min(chunk.count, total - sent)
            if part > 0 {
                let taken = chunk.withUnsafeBytes { try? dialler.streams.write(stream, UnsafeRawBufferPointer(rebasing: $0[..<part])) }
                sent += taken ?? 0
            }
            exchange()
            idle = before == (sent, returned) ? idle + 1 : 0
        }
        return returned == total && isIntact
    }

    private func exchange() {
        var goesOn = true
        while goesOn {
            drain(dialler)
            drain(listener)
            goesOn = carry(from: dialler, to: listener)
            if carry(from: listener, to: dialler) { goesOn = true }
        }
    }

    private func carry(from: MemoryEnd, to: MemoryEnd) -> Bool {
        guard !from.connection.wire.isEmpty else { return false }
        var bytes = [UInt8](copying: from.connection.wire.bytes)
        from.connection.wireTaken(bytes.count)
        moved += bytes
        bytes.withUnsafeMutableBytes {
            to.connection.receive($0, now: now)
            drain(to)
        }
        return true
    }

    private func drain(_ end: MemoryEnd) {
        while let output = end.streams.pollOutput() {
            switch output {
            case .established(let peer, _):
                if end === dialler { diallerSaw = peer } else { listenerIsReady = true }
            case .data(let stream, let start, let count): received(stream, end.streams.payload(start, count), on: end)
            case .closed: isIntact = false
            default: break
            }
        }
    }

    private func received(_ stream: UInt32, _ bytes: UnsafeMutableRawBufferPointer, on end: MemoryEnd) {
        end.streams.consumed(stream, bytes.count)
        if end === listener {
            let taken = try? listener.streams.write(stream, UnsafeRawBufferPointer(bytes))
            if taken != bytes.count { isIntact = false }
        } else {
            returned += bytes.count
            for byte in bytes where byte != 0x5a { isIntact = false }
        }
    }
}

private final class MemoryEnd {
    let connection: Connection
    let streams: StreamMachine

    init(_ configuration: Connection.Configuration, now: Instant) {
        connection = Connection(configuration, now: now)
        streams = StreamMachine(over: connection, configuration, now: now)
    }
}
