import CausewayIdentity
import FuzzDriver

/// A key that is taken has one form, and any signature at all gets an answer.
func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let input = [UInt8](UnsafeBufferPointer(start: start, count: count))
    if let key = try? PrivateKey(protobuf: input) { precondition((try? PrivateKey(protobuf: key.protobuf))?.publicKey == key.publicKey) }
    guard let key = try? PublicKey(protobuf: input) else { return 0 }
    precondition(key.protobuf == input)
    _ = try? key.verify([UInt8](input.suffix(64)), of: input)
    return 0
}

// SwiftPM calls an executable's entry by this name; libFuzzer's own `main` is left aside.
@_cdecl("FuzzPublicKey_main")
public func entry(_ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> CInt {
    runFuzzer(count, arguments, fuzz)
}
