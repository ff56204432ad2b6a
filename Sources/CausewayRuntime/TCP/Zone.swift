import CUV

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// This machine's interfaces, as the zones of link-local addresses name them.
enum Zone {
    /// - Throws: `ENODEV` if there is no such interface.
    static func interface(_ name: [UInt8]) throws(UVError) -> UInt32 {
        let interface = if_nametoindex(String(decoding: name, as: UTF8.self))
        guard interface != 0 else { throw UVError(code: -ENODEV) }
        return interface
    }

    /// nil: the interface is gone.
    static func name(_ interface: UInt32) -> [UInt8]? {
        var buffer = [CChar](repeating: 0, count: Int(IF_NAMESIZE))
        return if_indextoname(interface, &buffer).map { [UInt8](String(cString: $0).utf8) }
    }
}
