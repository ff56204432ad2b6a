import FuzzDriver

@testable import CausewayConnection

/// A header that is taken has one form.
func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    guard count >= Yamux.headerSize, let header = try? YamuxHeader(at: start) else { return 0 }
    var again = [UInt8](repeating: 0, count: Yamux.headerSize)
    again.withUnsafeMutableBytes { header.write(to: $0.baseAddress!) }
    precondition(again.elementsEqual(UnsafeBufferPointer(start: start, count: Yamux.headerSize)))
    return 0
}

// SwiftPM calls an executable's entry by this name; libFuzzer's own `main` is left aside.
@_cdecl("FuzzYamux_main")
public func entry(_ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> CInt {
    runFuzzer(count, arguments, fuzz)
}
