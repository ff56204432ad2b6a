import CausewayConnection
import FuzzDriver

/// Frames as either side reads them. The payload is the same however the bytes are cut.
func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    guard count > 1 else { return 0 }
    let input = [UInt8](UnsafeBufferPointer(start: start + 1, count: count - 1))
    let isServer = start[0] & 1 == 0
    let whole = payload(input, isServer: isServer, piece: input.count)
    precondition(whole == payload(input, isServer: isServer, piece: Int(start[0] >> 1) % 9 + 1))
    return 0
}

private func payload(_ input: [UInt8], isServer: Bool, piece: Int) -> [UInt8] {
    var decoder = WebSocketDecoder(isServer: isServer)
    var waiting: [UInt8] = []
    var out: [UInt8] = []
    var position = 0
    while position < input.count {
        let end = min(position + piece, input.count)
        waiting += input[position..<end]
        position = end
        while !waiting.isEmpty {
            let step = waiting.withUnsafeMutableBytes { try? decoder.next(in: $0) }
            guard let step else { return out }
            guard case .needMore = step else {
                switch step {
                case .payload(let consumed, let range):
                    out += waiting[range]
                    waiting.removeFirst(consumed)
                case .control(let consumed, let opcode, let range):
                    precondition(range.count <= 125 && opcode.isControl)
                    waiting.withUnsafeBytes { _ = try? WebSocketDecoder.closeCode(UnsafeRawBufferPointer(rebasing: $0[range])) }
                    waiting.removeFirst(consumed)
                case .needMore: break
                }
                continue
            }
            // Only a header or a control frame is kept.
            precondition(waiting.count < 14 + 125)
            break
        }
    }
    return out
}

// SwiftPM calls an executable's entry by this name; libFuzzer's own `main` is left aside.
@_cdecl("FuzzWebSocket_main")
public func entry(_ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> CInt {
    runFuzzer(count, arguments, fuzz)
}
