#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The wall clock beside the shell's monotonic one.
public enum WallClock {
    /// Unix time in nanoseconds when the monotonic clock stood at 0.
    public static func unixEpoch() -> UInt64 {
        var wall = timespec()
        var monotonic = timespec()
        clock_gettime(CLOCK_REALTIME, &wall)
        clock_gettime(CLOCK_MONOTONIC, &monotonic)
        return nanoseconds(wall) &- nanoseconds(monotonic)
    }

    private static func nanoseconds(_ time: timespec) -> UInt64 { UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec) }
}
