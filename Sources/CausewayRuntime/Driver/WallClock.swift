import CUV

/// The wall clock beside the shell's monotonic one.
public enum WallClock {
    /// Unix time in nanoseconds when the monotonic clock stood at 0.
    public static func unixEpoch() -> UInt64 {
        var now = uv_timeval64_t()
        uv_gettimeofday(&now)
        return UInt64(now.tv_sec) * 1_000_000_000 + UInt64(now.tv_usec) * 1000 &- uv_hrtime()
    }
}
