import FuzzDriver

@testable import CausewayConnection

/// What a remote says of itself in the handshake: read, written and read again.
func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let input = [UInt8](UnsafeBufferPointer(start: start, count: count))
    guard let payload = try? NoisePayload(decoding: input) else { return -1 }
    precondition((try? NoisePayload(decoding: payload.encoded)) == payload)
    _ = try? payload.verifiedKey(for: [UInt8](repeating: 1, count: 32))
    return 0
}

// SwiftPM calls an executable's entry by this name; libFuzzer's own `main` is left aside.
@_cdecl("FuzzNoisePayload_main")
public func entry(_ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> CInt {
    runFuzzer(count, arguments, fuzz)
}
