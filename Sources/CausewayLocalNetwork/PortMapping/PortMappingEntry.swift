import CausewayIdentity
import CausewayNode

/// One port, and how it stands with the gateway about it.
final class PortMappingEntry {
    let port: MappedPort
    /// Where the gateway takes connections for the port; nil: it does not.
    var external: Endpoint?
    private(set) var expires = Instant.distantFuture
    /// Why the gateway does not forward the port, as it was reported.
    private(set) var refusal: PortMappingError?
    /// When the next request is due, and how many were sent since the last answer.
    private(set) var nextAt: Instant
    private(set) var requests = 0
    /// By UPnP: the external port to ask for, how many others were tried in vain, and which one the gateway says it has given, which is to
    /// be looked at.
    var wanted: UInt16
    var conflicts = 0
    var given: UInt16?
    /// It has not given it: it refused with this code, since somebody has it, perhaps this machine.
    var conflict: UInt16?

    init(_ port: MappedPort, now: Instant) {
        self.port = port
        nextAt = now
        wanted = port.number
    }

    var nextDeadline: Instant { min(nextAt, expires) }

    /// A request is due at once.
    func ask(at now: Instant) {
        nextAt = now
        requests = 0
    }

    /// A request is sent; the next one is due after this wait, doubled for each before.
    func asked(_ wait: Interval, now: Instant) {
        nextAt = now + Interval(nanoseconds: wait.nanoseconds << UInt64(min(requests, 16)))
        requests += 1
    }

    func granted(_ external: Endpoint, for time: Interval, renewal: Interval, now: Instant) {
        self.external = external
        expires = now + time
        refusal = nil
        requests = 0
        (wanted, conflicts, given, conflict) = (external.port, 0, nil, nil)
        nextAt = now + renewal
    }

    func refused(_ why: PortMappingError, until: Instant) {
        external = nil
        expires = .distantFuture
        refusal = why
        requests = 0
        (wanted, conflicts, given, conflict) = (port.number, 0, nil, nil)
        nextAt = until
    }
}
