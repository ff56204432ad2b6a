#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A socket of IPv4 and TCP, as `socket` of the C library makes it: its names have other types from system to system.
func tcpSocket() -> Int32 {
    #if canImport(Glibc)
        socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    #else
        socket(AF_INET, SOCK_STREAM, 0)
    #endif
}

/// `send` without the signal that it raises when the remote is gone.
func quietSend(_ file: Int32, _ bytes: UnsafeRawPointer, _ count: Int) -> Int {
    #if canImport(Glibc)
        send(file, bytes, count, Int32(MSG_NOSIGNAL))
    #else
        send(file, bytes, count, 0)
    #endif
}
