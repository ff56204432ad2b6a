public import CausewayIdentity

/// What passing hard NATs may cost, with the reason for each number. With 64,512 ports, 256 sockets at one end and 1,150 probes at the
/// other miss each other in one attempt of a hundred: 1 - 256/64,512 to the power of 1,150.
public struct HardNATLimits: Equatable, Sendable {
    /// Sockets of the side whose NAT gives random ports: as many descriptors here, and entries in its NAT, each for one datagram.
    public var sockets = 256
    /// Ports that the other side tries: as many datagrams, and entries in its NAT. Both sides together stay below 1,500 packets.
    public var probes = 1150
    /// The first of them, where a NAT gives one port after the other: those behind the last one that was seen. What others behind that NAT
    /// use meanwhile counts.
    public var predictions = 128
    /// The side behind such a NAT waits so long for them before it opens sockets as well: others may have taken more ports, or two random
    /// ones may have lain side by side.
    public var predictionTime = Interval.milliseconds(1500)
    /// Sockets of their own on which checks may come, of those that are many.
    public var usedSockets = 8
    /// The time between two datagrams; up to `burst` that are late go together.
    public var pace = Interval.milliseconds(5)
    public var burst: UInt64 = 10
    /// Nothing new was heard for so long, so all candidates are there, and ICE has had its time.
    public var delay = Interval.milliseconds(500)
    /// The whole attempt. What was sent last has two seconds to be answered.
    public var time = Interval.seconds(8)

    public init() {}
}

/// What a side that does something about hard NATs needs.
public struct HardNATs {
    public var limits = HardNATLimits()
    /// Whether an attempt may begin now, and counts it: see `HardNATPace`.
    let mayBegin: (Instant) -> Bool

    public init(mayBegin: @escaping (Instant) -> Bool) { self.mayBegin = mayBegin }
}

/// When a node may begin the next attempt: none before the last one is over, so there is one at a time, whoever asks for it. A peer that
/// asks again and again has it send 115 packets in a second on average.
public struct HardNATPace: Sendable {
    /// Longer than an attempt.
    public static let interval = Interval.seconds(10)

    private var nextAt = Instant(nanoseconds: 0)

    public init() {}

    public mutating func mayBegin(at now: Instant) -> Bool {
        guard nextAt <= now else { return false }
        nextAt = now + Self.interval
        return true
    }
}
