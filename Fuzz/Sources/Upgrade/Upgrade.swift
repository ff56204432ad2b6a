import CausewayIdentity
import FuzzDriver

@testable import CausewayConnection

/// A remote that has proved nothing yet. The first byte chooses our role and into what pieces the rest is cut.
func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    guard count > 1 else { return -1 }
    let input = [UInt8](UnsafeBufferPointer(start: start, count: count))
    let isInitiator = input[0] & 1 != 0
    let role: Connection.WebSocketRole = input[0] & 2 == 0 ? .none : isInitiator ? .client(host: [0x61], path: []) : .server
    let configuration = Connection.Configuration(
        identity: identity, isInitiator: isInitiator, webSocket: role, protocols: ProtocolTable([]), limits: ConnectionLimits(),
        entropy: Secret([UInt8](repeating: 3, count: Connection.entropySize)))
    let connection = Connection(configuration, now: Instant(nanoseconds: 0))
    let streams = StreamMachine(over: connection, configuration, now: Instant(nanoseconds: 0))
    let piece = max(1, Int(input[0] >> 3) * 8)
    var position = 1
    while position < input.count {
        let end = min(position + piece, input.count)
        var bytes = [UInt8](input[position..<end])
        position = end
        bytes.withUnsafeMutableBytes { buffer in
            connection.receive(buffer, now: Instant(nanoseconds: UInt64(position)))
            while let output = streams.pollOutput() {
                if case .established = output { preconditionFailure("nobody proved anything") }
            }
        }
        precondition(connection.stashed <= 65_539, "more kept than a frame")
        precondition(connection.wire.count <= 1 << 20)
        if streams.isClosed { break }
    }
    streams.linkClosed(errno: 0)
    while streams.pollOutput() != nil {}
    return 0
}

let identity = try! NoiseIdentity(
    PrivateKey(ed25519Seed: [UInt8](repeating: 1, count: 32)), staticSecret: Secret([UInt8](repeating: 2, count: 32)))

// SwiftPM calls an executable's entry by this name; libFuzzer's own `main` is left aside.
@_cdecl("FuzzUpgrade_main")
public func entry(_ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> CInt {
    runFuzzer(count, arguments, fuzz)
}
