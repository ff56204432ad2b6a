import CausewayIdentity
import FuzzDriver

/// What is read may be written and read again.
func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let input = [UInt8](UnsafeBufferPointer(start: start, count: count))
    guard let value = try? JSON(parsing: input) else { return 0 }
    precondition((try? JSON(parsing: value.bytes, limits: JSONLimits(bytes: 1 << 24))) != nil)
    return 0
}

// SwiftPM calls an executable's entry by this name; libFuzzer's own `main` is left aside.
@_cdecl("FuzzJSON_main")
public func entry(_ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> CInt {
    runFuzzer(count, arguments, fuzz)
}
