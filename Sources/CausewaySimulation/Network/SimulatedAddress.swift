/// The address of a socket: an IP address of 4 or 16 bytes, and a port.
public struct SimulatedAddress: Hashable, Sendable, CustomStringConvertible {
    public let ip: [UInt8]
    public let port: UInt16

    public init(ip: [UInt8], port: UInt16) {
        self.ip = ip
        self.port = port
    }

    public var description: String {
        let separator = ip.count == 4 ? "." : ":"
        return ip.map { String($0, radix: ip.count == 4 ? 10 : 16) }.joined(separator: separator) + " port \(port)"
    }
}

/// Why a connection failed, in Linux's numbers, so that traces are equal on every platform.
public enum SimulatedErrno {
    /// The far host's process or kernel reset the connection.
    public static let reset: Int32 = 104
    /// Nothing answered.
    public static let timedOut: Int32 = 110
    /// Nothing listens on that port.
    public static let refused: Int32 = 111
    /// The host itself is down, or has no such address.
    public static let unreachable: Int32 = 101
    /// The port is taken, or the connection exists already.
    public static let addressInUse: Int32 = 98
    /// A datagram is longer than the line takes.
    public static let messageTooLong: Int32 = 90
}
