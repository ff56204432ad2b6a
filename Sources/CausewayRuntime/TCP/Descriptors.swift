#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The number of descriptors that the process may have. Each socket needs one.
public enum Descriptors {
    /// Descriptors that accepted sockets leave free, for files and for passing sockets from loop to loop.
    static let reserve = 16

    /// What the system allows now.
    public static var limit: Int { Int(clamping: limits.rlim_cur) }

    /// Raises the limit to the highest value that the process may ask for.
    /// - Returns: The limit after that.
    @discardableResult
    public static func raise() -> Int {
        var wanted = limits
        wanted.rlim_cur = wanted.rlim_max
        #if canImport(Darwin)
            wanted.rlim_cur = min(wanted.rlim_cur, rlim_t(OPEN_MAX))
        #endif
        _ = setrlimit(kind, &wanted)
        return limit
    }

    private static var limits: rlimit {
        var limits = rlimit()
        // This cannot fail for a kind that exists.
        _ = getrlimit(kind, &limits)
        return limits
    }

    #if canImport(Glibc)
        private static var kind: __rlimit_resource_t { __rlimit_resource_t(RLIMIT_NOFILE.rawValue) }
    #else
        private static var kind: Int32 { RLIMIT_NOFILE }
    #endif
}
