import CUV

/// An error of the operating system as libuv tells it.
public struct UVError: Error, Equatable, Sendable, CustomStringConvertible {
    /// libuv's code: a negative `errno`, or one of its own for names and end of file.
    public let code: Int32

    public init(code: Int32) { self.code = code }

    /// `errno` where it is one.
    public var errno: Int32 { code > Int32.min ? -code : 0 }
    public var description: String { String(cString: uv_strerror(code)) }
}

func attempt(_ code: Int32) throws(UVError) { if code < 0 { throw UVError(code: code) } }

/// For calls that fail only if we misuse libuv: those that begin a timer, a socket without a family, an idle, prepare or check handle take
/// nothing from the system; a loop is closed when none of its handles is open.
func must(_ code: Int32) { if code < 0 { fatalError(UVError(code: code).description) } }
