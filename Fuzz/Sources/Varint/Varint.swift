import CausewayIdentity
import FuzzDriver

/// There is one way to write a number.
func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let input = UnsafeRawBufferPointer(start: start, count: count)
    guard case .value(let value, let length) = Varint.decode(input) else { return 0 }
    var again: [UInt8] = []
    Varint.append(value, to: &again)
    precondition(again.count == length && Varint.length(of: value) == length && again.elementsEqual(input.prefix(length)))
    return 0
}

// SwiftPM calls an executable's entry by this name; libFuzzer's own `main` is left aside.
@_cdecl("FuzzVarint_main")
public func entry(_ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> CInt {
    runFuzzer(count, arguments, fuzz)
}
