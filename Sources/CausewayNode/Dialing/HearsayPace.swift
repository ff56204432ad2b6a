import CausewayConnection
import CausewayIdentity

/// Spreads the dials and look-ups that remotes caused. An announcement reaches many nodes: without a pace, it would turn all of them
/// against the host it names.
struct HearsayPace {
    private final class Start {
        let host: Multiaddr.Host
        let at: Instant

        init(_ host: Multiaddr.Host, _ at: Instant) {
            self.host = host
            self.at = at
        }
    }
    private static let second = Interval.seconds(1)
    /// The starts of the last second, in order.
    private var recent: [Start] = []

    /// When the next dial to this host may start. A moment not after `now` means at once.
    mutating func next(to host: Multiaddr.Host, limits: NodeLimits, now: Instant) -> Instant {
        while let first = recent.first, first.at + Self.second <= now { recent.removeFirst() }
        var moment = now
        if recent.count >= limits.heardDials { moment = recent[recent.count - limits.heardDials].at + Self.second }
        var left = limits.heardDialsPerHost
        var index = recent.count
        while index > 0 {
            index -= 1
            guard recent[index].host == host else { continue }
            left -= 1
            if left == 0 { return max(moment, recent[index].at + Self.second) }
        }
        return moment
    }

    mutating func started(_ host: Multiaddr.Host, at now: Instant) { recent.append(Start(host, now)) }
}
