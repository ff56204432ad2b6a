import CUV

/// An error of the operating system, as libuv reports it.
public struct UVError: Error, Equatable, Sendable, CustomStringConvertible {
    /// libuv's code: a negative `errno`, or one of libuv's own for names and end of file.
    public let code: Int32

    public init(code: Int32) { self.code = code }

    /// The `errno`, if the code is one.
    public var errno: Int32 { code > Int32.min ? -code : 0 }
    public var description: String { String(cString: uv_strerror(code)) }
}

func attempt(_ code: Int32) throws(UVError) { if code < 0 { throw UVError(code: code) } }

/// For calls that fail only if we misuse libuv: starting a timer, a socket without a family, or an idle, prepare or check handle takes
/// nothing from the system, and a loop closes when none of its handles is open.
func must(_ code: Int32) { if code < 0 { fatalError(UVError(code: code).description) } }
