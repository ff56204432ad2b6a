import CausewayIdentity
import FuzzDriver

@testable import CausewayConnection

/// An authenticated remote that sends whatever it likes, and an application that uses its streams meanwhile. The input is a list of
/// operations.
func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let input = [UInt8](UnsafeBufferPointer(start: start, count: count))
    guard !input.isEmpty else { return -1 }
    var under = UnderTest(limits: input[0])
    var position = 1
    while position < input.count {
        let size = 1 + Int(input[position] >> 3)
        let body = [UInt8](input[min(position + 1, input.count)..<min(position + 1 + size, input.count)])
        switch input[position] & 7 {
        case 0, 1, 2: under.receive(body)
        case 3: under.open()
        case 4: under.write(body.first ?? 0, 1 + size * 1024)
        case 5: under.end(body.first ?? 0)
        case 6: under.advance(UInt64(body.first ?? 0))
        default: under.drain()
        }
        position += 1 + size
        under.check()
    }
    under.streams.close(.shutdown)
    under.poll()
    under.check()
    return 0
}

private struct UnderTest {
    let connection: Connection
    let streams: StreamMachine
    private let key = CipherKey(Secret([UInt8](repeating: 7, count: CipherKey.length)))
    private var counter: UInt64 = 0
    private var now = Instant(nanoseconds: 1)
    private var ids: [UInt32] = []
    private var hasEnded = false
    private var flips: UInt8 = 0

    init(limits seed: UInt8) {
        var limits = ConnectionLimits()
        limits.inboundStreams = 4 + Int(seed & 15)
        limits.multistreamRounds = 8
        limits.windowsPerConnection = 1 << 20
        let echo = ProtocolTable.Entry(name: [0x2f, 0x61], owner: .application, allowsLimited: seed & 16 != 0)
        var configuration = Connection.Configuration(
            identity: identity, isInitiator: seed & 32 != 0, protocols: ProtocolTable([echo]), limits: limits,
            entropy: Secret([UInt8](repeating: 3, count: Connection.entropySize)))
        configuration.isLimited = seed & 64 != 0
        connection = Connection(configuration, now: now)
        streams = StreamMachine(over: connection, configuration, now: now)
        // As the handshake leaves it.
        connection.upgrade = nil
        streams.establish(identity.key.publicKey.peerID, identity.key.publicKey)
        connection.openingKey = key
        connection.sealingKey = key
    }

    /// One genuine Noise frame.
    mutating func receive(_ plain: [UInt8]) {
        let sealed = key.seal(plain, counter: counter)
        counter += 1
        var frame = [UInt8(sealed.count >> 8), UInt8(sealed.count & 255)] + sealed
        frame.withUnsafeMutableBytes { bytes in
            connection.receive(bytes, now: now)
            poll()
        }
    }

    mutating func poll() {
        while let output = streams.pollOutput() {
            precondition(!hasEnded, "something follows the end")
            switch output {
            case .data(let id, let start, let count):
                precondition(streams.payload(start, count).count == count && count > 0)
                flips &+= 1
                if flips & 3 != 0 { streams.consumed(id, count) }
            case .streamOpened(let id, _), .streamReady(let id, _): ids.append(id)
            case .closed: hasEnded = true
            default: break
            }
        }
    }

    mutating func open() {
        _ = try? streams.openStream([[0x2f, 0x61], [0x2f, 0x62]], now: now)
        poll()
    }

    mutating func write(_ which: UInt8, _ size: Int) {
        guard !ids.isEmpty else { return }
        let bytes = [UInt8](repeating: which, count: size)
        _ = try? bytes.withUnsafeBytes { try streams.write(ids[Int(which) % ids.count], $0) }
        poll()
    }

    mutating func end(_ which: UInt8) {
        guard !ids.isEmpty else { return }
        let id = ids[Int(which >> 1) % ids.count]
        if which & 1 == 0 { streams.finish(id) } else { streams.reset(id) }
        poll()
    }

    mutating func advance(_ seconds: UInt64) {
        now = now + .seconds(seconds)
        streams.advance(to: now)
        poll()
    }

    mutating func drain() {
        connection.wireTaken(connection.wire.count)
        poll()
    }

    /// What must hold after every step.
    func check() {
        let all = streams.streams.values
        precondition(streams.inboundStreams == all.filter { $0.isInbound }.count || streams.isClosed)
        precondition(streams.inboundStreams <= streams.limits.inboundStreams)
        precondition(streams.unacknowledgedStreams == all.filter { !$0.isInbound && !$0.isAcknowledged }.count || streams.isClosed)
        precondition(streams.timedStreams == all.filter { !$0.isSettled }.count || streams.isClosed)
        precondition(connection.windows.count == all.count)
        precondition(connection.windowGrowth >= 0 && connection.windowGrowth <= streams.limits.windowsPerConnection)
        precondition(connection.wire.count <= 512 << 10, "the wire is not bounded")
        for window in connection.windows.values { precondition(window.receiveWindow <= window.windowSize) }
    }
}

let identity = try! NoiseIdentity(
    PrivateKey(ed25519Seed: [UInt8](repeating: 1, count: 32)), staticSecret: Secret([UInt8](repeating: 2, count: 32)))

// SwiftPM calls an executable's entry by this name; libFuzzer's own `main` is left aside.
@_cdecl("FuzzStreams_main")
public func entry(_ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> CInt {
    runFuzzer(count, arguments, fuzz)
}
