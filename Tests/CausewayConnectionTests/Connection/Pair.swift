import CausewayIdentity
import Testing

@testable import CausewayConnection

/// One connection under test with everything it told, and the data of its streams.
final class Side {
    let connection: Connection
    let machine: StreamMachine
    var outputs: [ConnectionOutput] = []
    var data: [UInt32: [UInt8]] = [:]
    var pieces: [UInt32: Int] = [:]
    /// Whether what arrives is consumed at once.
    var consumes = true
    /// Whether the shell under test reads behind the stash or hands new bytes only.
    var prepares = true
    /// Called for every output, as an application's callback.
    var onOutput: (ConnectionOutput) -> Void = { _ in }

    init(_ configuration: Connection.Configuration, now: Instant) {
        connection = Connection(configuration, now: now)
        machine = StreamMachine(over: connection, configuration, now: now)
    }

    func poll() {
        while let output = machine.pollOutput() {
            if case .data(let stream, let start, let count) = output {
                data[stream, default: []] += [UInt8](copying: UnsafeRawBufferPointer(machine.payload(start, count)))
                pieces[stream, default: 0] += 1
                if consumes { machine.consumed(stream, count) }
            } else {
                outputs.append(output)
            }
            onOutput(output)
        }
    }

    func receive(_ bytes: [UInt8], now: Instant) {
        let room = prepares ? connection.stashed : 0
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: room + bytes.count, alignment: 16)
        defer { buffer.deallocate() }
        let put = prepares ? connection.prepare(buffer) : 0
        bytes.withUnsafeBytes { UnsafeMutableRawBufferPointer(rebasing: buffer[put...]).copyMemory(from: $0) }
        connection.receive(UnsafeMutableRawBufferPointer(rebasing: buffer[..<(put + bytes.count)]), now: now)
        poll()
    }

    func takeWire(atMost limit: Int = .max) -> [UInt8] {
        let size = min(limit, connection.wire.count)
        let taken = [UInt8](copying: UnsafeRawBufferPointer(rebasing: connection.wire.bytes[..<size]))
        connection.wireTaken(size)
        return taken
    }

    @discardableResult
    func write(_ stream: UInt32, _ bytes: [UInt8]) throws -> Int {
        try bytes.withUnsafeBytes { try machine.write(stream, $0) }
    }

    func open(_ protocols: String..., now: Instant) throws -> UInt32 {
        try machine.openStream(protocols.map { [UInt8]($0.utf8) }, now: now)
    }

    var opened: [UInt32] { outputs.compactMap { if case .streamOpened(let id, _) = $0 { id } else { nil } } }
    var closed: ConnectionError? { outputs.compactMap { if case .closed(let error) = $0 { error } else { nil } }.first }
    var isEstablished: Bool { outputs.contains { if case .established = $0 { true } else { false } } }
    func has(_ output: ConnectionOutput) -> Bool { outputs.contains(output) }
}

/// Two connections wired in memory, in virtual time.
final class Pair {
    var now = Instant(nanoseconds: 1_000_000_000)
    let dialler: Side
    let listener: Side
    /// What a test has consumed by hand.
    var consumed = 0
    /// How many bytes travel at once.
    var chunk = Int.max
    /// One way's travel time.
    var latency = Interval(nanoseconds: 0)

    static let echo = ProtocolTable.Entry(name: [UInt8]("/echo/1".utf8), owner: .application, allowsLimited: true)
    static let direct = ProtocolTable.Entry(name: [UInt8]("/direct/1".utf8), owner: .application, allowsLimited: false)
    static let ping = ProtocolTable.Entry(name: [UInt8]("/ping/1".utf8), owner: .node, allowsLimited: true)
    static let table = ProtocolTable([echo, direct, ping])

    static func identity(_ seed: UInt8) -> NoiseIdentity {
        let key = try! PrivateKey(ed25519Seed: [UInt8](repeating: seed, count: 32))
        return try! NoiseIdentity(key, staticSecret: Secret([UInt8](repeating: seed &+ 100, count: 32)))
    }

    static func configuration(
        initiator: Bool, webSocket: Bool = false, expecting: PeerID? = nil, limits: ConnectionLimits = ConnectionLimits(),
        table: ProtocolTable = Pair.table
    ) -> Connection.Configuration {
        let role: Connection.WebSocketRole =
            !webSocket ? .none : initiator ? .client(host: [UInt8]("relay.example".utf8), path: [0x2f]) : .server
        return Connection.Configuration(
            identity: identity(initiator ? 1 : 2), isInitiator: initiator, webSocket: role, expecting: expecting, protocols: table,
            limits: limits, entropy: Secret((0..<64).map { $0 &* 7 &+ (initiator ? 1 : 2) }))
    }

    init(
        webSocket: Bool = false, expecting: PeerID? = nil, limits: ConnectionLimits = ConnectionLimits(),
        diallerLimits: ConnectionLimits? = nil
    ) {
        dialler = Side(
            Self.configuration(initiator: true, webSocket: webSocket, expecting: expecting, limits: diallerLimits ?? limits), now: now)
        listener = Side(Self.configuration(initiator: false, webSocket: webSocket, limits: limits), now: now)
    }

    /// A pair that has shaken hands.
    static func established(webSocket: Bool = false, limits: ConnectionLimits = ConnectionLimits()) -> Pair {
        let pair = Pair(webSocket: webSocket, limits: limits)
        pair.run()
        return pair
    }

    /// Exchanges bytes until both sides are quiet.
    func run(rounds: Int = 100_000) {
        dialler.poll()
        listener.poll()
        for _ in 0..<rounds {
            let there = dialler.takeWire(atMost: chunk)
            let back = listener.takeWire(atMost: chunk)
            if there.isEmpty, back.isEmpty {
                dialler.poll()
                listener.poll()
                if dialler.connection.wire.isEmpty, listener.connection.wire.isEmpty { return }
                continue
            }
            now = now + latency
            if !there.isEmpty { listener.receive(there, now: now) }
            if !back.isEmpty { dialler.receive(back, now: now) }
            dialler.poll()
            listener.poll()
        }
        Issue.record("the pair never became quiet")
    }

    /// Lets time pass on both sides, deadline by deadline.
    func pass(_ interval: Interval) {
        let end = now + interval
        while true {
            let next = min(dialler.machine.nextDeadline, listener.machine.nextDeadline)
            now = max(now, min(next, end))
            dialler.machine.advance(to: now)
            listener.machine.advance(to: now)
            run()
            if next > end { return }
        }
    }

    /// A stream of the dialler's that the listener echoes.
    func open(_ name: String = "/echo/1") throws -> UInt32 {
        let id = try dialler.open(name, now: now)
        run()
        return id
    }
}

extension Array where Element == UInt8 {
    /// Bytes whose order shows: a block of a prime length, repeated.
    static func pattern(_ count: Int, _ seed: Int = 0) -> [UInt8] {
        let block = (0..<Swift.min(count, 4099)).map { UInt8(truncatingIfNeeded: ($0 &+ seed) &* 31 >> 3 ^ $0) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count + block.count)
        while bytes.count < count { bytes.append(contentsOf: block) }
        bytes.removeLast(bytes.count - count)
        return bytes
    }
}
