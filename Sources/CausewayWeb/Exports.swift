import CausewayConnection
import CausewayIdentity

// The exports. Times are milliseconds of the page's clock. A module instance has one node; a page that wants another makes another
// instance.

nonisolated(unsafe) private var shell: WebShell?

/// Carries out a command. `turn` then does what follows from it. The first command must be `start`.
/// - Returns: For `streamWrite`, how many bytes of the stream wait to be sent. -1: the command does not exist. Otherwise 0.
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

/// Processes everything that was requested or is due.
/// - Returns: When to call it again if nothing happens before. Infinity: never.
@_expose(wasm, "turn") @_cdecl("turn")
public func turn(_ milliseconds: Double) -> Double {
    guard let shell else { return .infinity }
    shell.setTime(milliseconds)
    let deadline = shell.turn()
    return deadline == .distantFuture ? .infinity : Double(deadline.nanoseconds) / 1e6
}
