import CUV

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Why a datagram does not leave, or a socket cannot be made.
package enum DatagramError: Error, Equatable, Sendable, CustomStringConvertible {
    /// A limit of ours: so many datagrams or bytes wait already.
    case queueFull(limit: Int)
    /// A limit of ours: the datagram is longer than `limit` bytes.
    case tooLong(limit: Int)
    /// The caller's: an IPv4 socket reaches no IPv6 address, and an IPv6 socket that is not dual-stack no IPv4 address.
    case wrongFamily
    /// The caller's: the socket is closed.
    case closed
    /// The environment's: what the system said.
    case system(errno: Int32)

    /// As the system calls it.
    var errno: Int32 {
        switch self {
        case .queueFull: ENOBUFS
        case .tooLong: EMSGSIZE
        case .wrongFamily: EAFNOSUPPORT
        case .closed: EBADF
        case .system(let errno): errno
        }
    }

    package var description: String {
        switch self {
        case .queueFull(let limit): "more datagrams wait to be sent than the limit of \(limit) allows"
        case .tooLong(let limit): "the datagram is longer than the limit of \(limit) bytes"
        case .wrongFamily: "the socket does not reach addresses of this family"
        case .closed: "the socket is closed"
        case .system(let errno): String(cString: uv_strerror(-errno))
        }
    }
}
