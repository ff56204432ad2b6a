import CausewayConnection
import CausewayIdentity
import CausewayNode

/// How a host's packets fare on their way to other hosts: when they arrive, how often, in which order.
struct PacketDepartures {
    private var random: RandomSource
    /// Datagrams to one host share a path, as the bytes of a connection do. At most one for each host of the simulation.
    private var paths: [ObjectIdentifier: Path] = [:]
    private unowned let simulation: Simulation

    private struct Path {
        var sentAll: Instant
        var lastArrival: Instant
    }

    init(_ simulation: Simulation, host: String) {
        self.simulation = simulation
        random = simulation.random("packets of \(host)")
    }

    /// How long a packet takes, before the line holds it up; nil if the sender's buffer has no room for it.
    mutating func delay(of packet: SimulatedPacket, over conditions: LineConditions, to far: SimulatedHost?) -> Interval? {
        // What sets up a connection is short and waits for nothing.
        guard packet.transport == .udp, let far else { return conditions.latency }
        let now = simulation.now
        var path = paths[ObjectIdentifier(far)] ?? Path(sentAll: now, lastArrival: now)
        path.sentAll = max(path.sentAll, now) + conditions.serialisation(of: packet.size)
        guard path.sentAll - now <= conditions.serialisation(of: max(conditions.buffer, packet.size)) else { return nil }
        path.lastArrival = max(path.lastArrival, path.sentAll + conditions.latency + draw(below: conditions.jitter))
        paths[ObjectIdentifier(far)] = path
        return path.lastArrival - now
    }

    /// After what times a packet arrives: none if the line loses it, two if the line doubles it.
    mutating func arrivals(after delay: Interval, over conditions: LineConditions) -> [Interval] {
        guard !happens(conditions.loss) else { return [] }
        var arrivals = [delay]
        if happens(conditions.duplication) { arrivals.append(delay) }
        return arrivals.map { arrival in
            guard happens(conditions.reordering) else { return arrival }
            return Interval(nanoseconds: arrival.nanoseconds + draw(below: conditions.reorderingDelay).nanoseconds)
        }
    }

    private mutating func draw(below interval: Interval) -> Interval {
        Interval(nanoseconds: interval.nanoseconds == 0 ? 0 : random.next() % interval.nanoseconds)
    }

    /// Draws nothing for what cannot happen.
    private mutating func happens(_ share: Double) -> Bool {
        share > 0 && Double(random.next() >> 11) * 0x1p-53 < share
    }
}
