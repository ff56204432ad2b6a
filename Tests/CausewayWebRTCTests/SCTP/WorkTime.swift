#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The CPU time of this thread that `work` takes, in nanoseconds. Tests compare one with another, and never with a clock.
func cpuTime(of work: () throws -> Void) rethrows -> Double {
    let begun = threadTime()
    try work()
    return threadTime() - begun
}

private func threadTime() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) * 1e9 + Double(time.tv_nsec)
}
