import CausewayConnection
import FuzzDriver

/// The opening handshake, as server and as client, at once and trickling in. The first byte chooses.
func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    guard count > 1 else { return 0 }
    let input = UnsafeRawBufferPointer(start: start + 1, count: count - 1)
    let isServer = start[0] & 1 == 0
    let whole = result(input, isServer: isServer, piece: input.count)
    let cut = result(input, isServer: isServer, piece: Int(start[0] >> 1) % 13 + 1)
    if case .accepted = whole { precondition(whole == cut) }
    if case .accepted(_, let consumed) = cut { precondition(consumed <= input.count) }
    return 0
}

private func result(_ input: UnsafeRawBufferPointer, isServer: Bool, piece: Int) -> WebSocketHandshake.Step {
    var handshake = WebSocketHandshake(serverWithHeadLimit: 8_192)
    if !isServer {
        let client = try? WebSocketHandshake(
            host: [UInt8]("a".utf8), path: [UInt8]("/".utf8), key: [UInt8](repeating: 1, count: 16), headLimit: 8_192)
        if let client { handshake = client }
    }
    var end = 0
    while end < input.count {
        end = min(end + piece, input.count)
        let step = handshake.receive(UnsafeRawBufferPointer(rebasing: input[..<end]))
        if step != .incomplete { return step }
    }
    return .incomplete
}

// SwiftPM calls an executable's entry by this name; libFuzzer's own `main` is left aside.
@_cdecl("FuzzHTTPHead_main")
public func entry(_ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> CInt {
    runFuzzer(count, arguments, fuzz)
}
