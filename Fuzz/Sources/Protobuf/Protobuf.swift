import CausewayIdentity
import FuzzDriver

/// Walks a message and, one level down, what its fields hold.
func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let input = [UInt8](UnsafeBufferPointer(start: start, count: count))
    var reader = ProtobufReader(input)
    walk(&reader, depth: 0)
    precondition(!reader.advance() && (reader.fault == nil || reader.content().isEmpty))
    return 0
}

private func walk(_ reader: inout ProtobufReader, depth: Int) {
    while reader.advance() {
        if reader.wireType == 0 { _ = reader.varint() }
        guard reader.wireType == 2 else { continue }
        let range = reader.range()
        precondition(range.upperBound <= reader.bytes.count && range.count == reader.count)
        precondition(reader.content() == [UInt8](reader.bytes[range]))
        guard depth < 3 else { continue }
        let outer = reader.enter()
        walk(&reader, depth: depth + 1)
        reader.leave(outer)
    }
}

// SwiftPM calls an executable's entry by this name; libFuzzer's own `main` is left aside.
@_cdecl("FuzzProtobuf_main")
public func entry(_ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> CInt {
    runFuzzer(count, arguments, fuzz)
}
