import CausewayConnection
import CausewayIdentity

/// What a host keeps while it sleeps.
struct HostSleep {
    let since: Instant
    /// Whether its monotonic clock stands still, as in a suspended machine. It runs on while programs alone are held, as a phone does with
    /// those in the background.
    let stopsClock: Bool
    /// What is to happen when it wakes.
    var whenAwake: [() -> Void] = []
}

// A machine that sleeps, and takes itself to other networks.
extension SimulatedHost {
    /// Whether it sleeps: nothing on it runs, and no command of a test reaches its nodes.
    public var isAsleep: Bool { sleep != nil }

    /// Its monotonic clock.
    var now: Instant {
        let moment = sleep.flatMap { $0.stopsClock ? $0.since : nil } ?? simulation.now
        return Instant(nanoseconds: moment.nanoseconds - stoodStill.nanoseconds)
    }

    /// Falls asleep until `wake`. Datagrams and attempts to connect are lost meanwhile. What comes on connections waits, unless a router
    /// forgets the connection.
    /// - Parameter stopsClock: whether its monotonic clock stands still, as in a suspended machine. Its Unix time goes on in any case.
    public func fallAsleep(stopsClock: Bool) {
        guard isUp, sleep == nil else { return }
        simulation.note(name, stopsClock ? "is suspended" : "is held")
        sleep = HostSleep(since: simulation.now, stopsClock: stopsClock)
        for link in links { link.holdBack(true, from: self) }
    }

    /// Goes on where it was: first the timers that are due, then what has come.
    public func wake() {
        guard let slept = sleep else { return }
        simulation.note(name, "wakes")
        sleep = nil
        if slept.stopsClock { stoodStill.nanoseconds += simulation.now.nanoseconds - slept.since.nanoseconds }
        for link in links {
            if slept.stopsClock, !link.isRemembered { link.vanish() }
            link.holdBack(false, from: self)
        }
        for action in slept.whenAwake { action() }
    }

    /// Runs an action, if need be when the host wakes.
    func whenAwake(_ action: @escaping () -> Void) {
        if sleep == nil { action() } else { sleep?.whenAwake.append(action) }
    }

    /// Goes to another network, with other addresses. Its connections fall silent.
    /// - Parameters:
    ///   - addresses: those that it has there; none: it has no network.
    ///   - router: what it stands behind there; nil: it is in the internet.
    public func move(to addresses: [[UInt8]], behind router: SimulatedRouter? = nil) {
        simulation.note(name, addresses.isEmpty ? "has no network" : "is behind \(router?.name ?? "nothing")")
        for link in links { link.vanish() }
        for address in self.addresses { segment.remove(at: address) }
        segment = addresses.isEmpty ? nowhere : router?.inside ?? simulation.network.internet
        self.addresses = addresses
        for address in addresses { segment.add(.host(self), at: address) }
    }
}
