import CUV

/// The relation of the wall clock to the shell's monotonic clock.
public enum WallClock {
    /// Unix time in nanoseconds at which the monotonic clock was 0.
    public static func unixEpoch() -> UInt64 {
        var now = uv_timeval64_t()
        uv_gettimeofday(&now)
        return UInt64(now.tv_sec) * 1_000_000_000 + UInt64(now.tv_usec) * 1000 &- uv_hrtime()
    }

    /// Unix time in seconds.
    public static func unixSeconds() -> Int64 {
        var now = uv_timeval64_t()
        uv_gettimeofday(&now)
        return now.tv_sec
    }
}
