import CausewayConnection
import CausewayIdentity

// The exports. Times are milliseconds of the page's clock. There is one node a module; a page that wants another makes another instance.

nonisolated(unsafe) private var shell: WebShell?

/// Carries a command out; `turn` brings about what follows from it. The first must be `start`.
/// - Returns: for `streamWrite`, how many bytes of the stream wait to be sent; -1 for a command that there is not; else 0.
@_expose(wasm, "command") @_cdecl("command")
public func command(
    _ kind: UInt32, _ a: UInt32, _ b: UInt32, _ start: UnsafeMutableRawPointer?, _ count: Int32, _ milliseconds: Double
) -> Int32 {
    guard let command = WebCommand(rawValue: kind) else { return -1 }
    let bytes = UnsafeMutableRawBufferPointer(start: start, count: Int(count))
    if let shell {
        shell.setTime(milliseconds)
        return Int32(clamping: shell.carryOut(command, a, b, bytes))
    }
    if command == .start { shell = WebShell(WebFlags(rawValue: a), interval: b, parts(of: bytes), milliseconds) }
    return 0
}

/// Works off everything that was asked for or is due.
/// - Returns: when to call it again if nothing happens before; infinity: never.
@_expose(wasm, "turn") @_cdecl("turn")
public func turn(_ milliseconds: Double) -> Double {
    guard let shell else { return .infinity }
    shell.setTime(milliseconds)
    let deadline = shell.turn()
    return deadline == .distantFuture ? .infinity : Double(deadline.nanoseconds) / 1e6
}
