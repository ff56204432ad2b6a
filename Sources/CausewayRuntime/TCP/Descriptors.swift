#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// How many descriptors the process may have: each socket is one.
public enum Descriptors {
    /// Kept free of accepted sockets, for files and for handing sockets from loop to loop.
    static let reserve = 16

    /// What the system allows now.
    public static var limit: Int { Int(clamping: limits.rlim_cur) }

    /// Raises what is allowed to the most that may be asked for.
    /// - Returns: what is allowed then.
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
        // Cannot fail for a kind that exists.
        _ = getrlimit(kind, &limits)
        return limits
    }

    #if canImport(Glibc)
        private static var kind: __rlimit_resource_t { __rlimit_resource_t(RLIMIT_NOFILE.rawValue) }
    #else
        private static var kind: Int32 { RLIMIT_NOFILE }
    #endif
}
