public import CausewayConnection

/// The properties of a host's line to the network. A path between two hosts adds their latencies and has the smaller of their rates.
public struct LineConditions: Equatable, Sendable {
    /// The latency in one direction, to the middle of the network.
    public var latency = Interval.milliseconds(10)
    /// The additional latency, drawn for each piece up to this value. It is not zero by default, because peers that hear something in the
    /// same instant hide races.
    public var jitter = Interval.milliseconds(1)
    /// The rate in both directions: 100 Mbit/s.
    public var bytesPerSecond: UInt64 = 12_500_000
    /// How much one connection keeps in flight in one direction before its writer has to wait, like a socket's buffers.
    public var buffer = 1 << 20
    /// The most that one read returns.
    public var largestRead = 64 << 10
    /// The longest IP packet, headers included. A longer datagram is lost, not fragmented: see `SimulatedDatagramSocket`.
    public var mtu = 1500
    /// The share of packets that never arrive, 0 to 1. Packets are datagrams and what sets up a connection; an established connection
    /// delivers all that was written, as TCP does in the end.
    public var loss = 0.0
    /// The share of packets that arrive twice, 0 to 1.
    public var duplication = 0.0
    /// The share of packets that are held up for up to `reorderingDelay`, 0 to 1, so that later ones overtake them. Others keep their
    /// order.
    public var reordering = 0.0
    public var reorderingDelay = Interval.milliseconds(20)

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
        path.mtu = min(mtu, other.mtu)
        path.loss = Self.either(loss, other.loss)
        path.duplication = Self.either(duplication, other.duplication)
        path.reordering = Self.either(reordering, other.reordering)
        path.reorderingDelay = max(reorderingDelay, other.reorderingDelay)
        return path
    }

    /// How long so many bytes take to leave.
    func serialisation(of size: Int) -> Interval {
        // A full 128-bit product: a large piece on a slow line must not overflow.
        let (high, low) = UInt64(size).multipliedFullWidth(by: 1_000_000_000)
        return Interval(nanoseconds: bytesPerSecond.dividingFullWidth((high, low)).quotient)
    }

    private static func either(_ one: Double, _ other: Double) -> Double { 1 - (1 - one) * (1 - other) }
}
