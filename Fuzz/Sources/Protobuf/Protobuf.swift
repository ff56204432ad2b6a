import CausewayIdentity
import FuzzDriver

/// Walks a message and, one level down, what its fields hold.
func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let input = [UInt8](UnsafeBufferPointer(start: start, count: count))
    walk(ProtobufReader(input), depth: 0)
    return 0
}

private func walk(_ reader: ProtobufReader, depth: Int) {
    var reader = reader
    while let field = try? reader.next() {
        precondition(field.range.upperBound <= reader.bytes.count)
        if field.wireType == 0 { precondition((try? reader.varint(field)) == field.value) }
        if let content = try? reader.content(field) { precondition(content.count == field.range.count) }
        if depth < 3, let inner = try? reader.message(field) { walk(inner, depth: depth + 1) }
    }
}

// SwiftPM calls an executable's entry by this name; libFuzzer's own `main` is left aside.
@_cdecl("FuzzProtobuf_main")
public func entry(_ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> CInt {
    runFuzzer(count, arguments, fuzz)
}
