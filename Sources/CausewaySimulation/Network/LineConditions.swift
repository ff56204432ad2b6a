public import CausewayConnection

/// What a host's line to the network is like. A path between two hosts adds their latencies and has the smaller of their rates.
public struct LineConditions: Equatable, Sendable {
    /// One way, to the middle of the network.
    public var latency = Interval.milliseconds(10)
    /// Up to this much more, drawn for each piece. Never zero by default: peers that all hear a thing in the same instant hide races.
    public var jitter = Interval.milliseconds(1)
    /// Up and down alike; 100 Mbit/s.
    public var bytesPerSecond: UInt64 = 12_500_000
    /// What one connection keeps on its way in one direction before its writer has to wait, as a socket's buffers do.
    public var buffer = 1 << 20
    /// The most that one read brings.
    public var largestRead = 64 << 10

    public init() {}

    public init(latency: Interval, jitter: Interval = .milliseconds(1), bytesPerSecond: UInt64 = 12_500_000) {
        self.latency = latency
        self.jitter = jitter
        self.bytesPerSecond = bytesPerSecond
    }

    /// The path from this line over that one.
    func path(to other: LineConditions) -> LineConditions {
        var path = LineConditions(
            latency: Interval(nanoseconds: latency.nanoseconds + other.latency.nanoseconds),
            jitter: Interval(nanoseconds: jitter.nanoseconds + other.jitter.nanoseconds),
            bytesPerSecond: max(1, min(bytesPerSecond, other.bytesPerSecond)))
        path.buffer = min(buffer, other.buffer)
        path.largestRead = max(1, other.largestRead)
        return path
    }
}
