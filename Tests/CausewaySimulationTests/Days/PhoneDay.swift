import CausewayConnection
import CausewayIdentity
import CausewayNode
import CausewaySimulation

/// A phone with two public relays, a friend who wants to reach it, and the networks that it comes to in a day.
final class PhoneDay {
    let simulation: Simulation
    let phone: SimulatedNode
    let friend: SimulatedNode
    let relays: [SimulatedNode]
    private let plan: DayPlan
    private var routers: [DayNetwork: SimulatedRouter] = [:]
    private var network = DayNetwork.home
    private var joins: UInt8 = 0
    private var random: RandomSource

    var all: [SimulatedNode] { relays + [phone, friend] }

    init(seed: UInt64, name: String = #function) throws {
        simulation = Simulation(seed: seed, name: name)
        random = simulation.random("day")
        plan = DayPlan(simulation.random("plan"))
        let simulation = simulation
        relays = try (UInt8(1)...2).map { number in
            try simulation.addNode("relay \(number)", ip: [203, 0, 113, number]) { $0.relay = RelayLimits() }
        }
        friend = try simulation.addNode("friend", ip: [198, 51, 100, 2], isReachable: false, configure: Self.upgrades)
        phone = try simulation.addNode("phone", ip: [192, 168, 1, 2], isReachable: false, starts: false, configure: Self.upgrades)
        addRouters()
        phone.serve("/echo", .echo)
        join(.home)
        try phone.start()
        phone.keepRelays(relays, count: 2)
    }

    private static func upgrades(_ configuration: inout NodeConfiguration) {
        configuration.holePunching = HolePunchLimits()
        configuration.webRTC = true
    }

    /// Homes keep a port for all remotes, the carrier has one for each. They forget datagrams after 30 to 120 s, and connections after some
    /// minutes to hours.
    private func addRouters() {
        for (network, ip) in [(DayNetwork.home, 1), (.office, 2), (.mobile, 3)] as [(DayNetwork, UInt8)] {
            let mapping = network == .mobile ? NAT.Behaviour.addressAndPortDependent : .endpointIndependent
            var nat = NAT(mapping: mapping, filtering: .addressAndPortDependent)
            nat.expiry.udp = .seconds(UInt64(30 + random.below(91)))
            nat.expiry.tcpEstablished = .seconds(UInt64(network == .mobile ? 240 + random.below(3360) : 300 + random.below(7140)))
            routers[network] = simulation.addRouter(network.rawValue, ip: [198, 18, 0, ip], nat: nat)
        }
    }

    // MARK: What happens

    /// Another address each time.
    private func join(_ network: DayNetwork) {
        self.network = network
        joins += 1
        phone.host.move(to: network == .none ? [] : [[network == .mobile ? 10 : 192, 168, 1, joins]], behind: routers[network])
        phone.host.line.latency = .milliseconds(network == .mobile ? 40 : 15)
    }

    private func carryOut(_ deed: DayPlan.Deed) throws {
        switch deed {
        case .sleep(let isSuspended): phone.host.fallAsleep(stopsClock: isSuspended)
        case .wake: phone.host.wake()
        case .join(let network): join(network)
        case .restartRouter: routers[network]?.restart()
        case .stopRelay(let number): relays[number].crash()
        case .startRelay(let number): try relays[number].restart()
        }
        switch deed {
        case .wake, .join: noticeSoon()
        default: break
        }
    }

    /// The shell looks at its network once a second.
    private func noticeSoon() {
        simulation.schedule(after: .milliseconds(UInt64(random.below(1000)))) { [self] in
            if !phone.host.isAsleep { phone.machineChanged() }
        }
    }

    /// Whether the phone is awake, has a network, and one of its relays runs.
    var hasPath: Bool { !phone.host.isAsleep && network != .none && relays.contains { $0.isRunning } }

    /// Lets the day pass. `every` is called once a second, with what happened last.
    func run(_ every: (DayPlan.Deed) -> Void) throws {
        var last = DayPlan.Deed.join(.home)
        var rest = plan.steps[...]
        for second in 0..<DayPlan.length {
            while let step = rest.first, step.at == second {
                rest = rest.dropFirst()
                try carryOut(step.deed)
                last = step.deed
            }
            simulation.run(for: .seconds(1))
            every(last)
        }
    }

    /// The phone is at home and awake, all relays run, the friend has hung up, and nothing happens for a while.
    func settle() throws {
        phone.host.wake()
        if network != .home { join(.home) }
        phone.machineChanged()
        for relay in relays where !relay.isRunning { try relay.restart() }
        for other in [phone] + relays { friend.hangUp(other) }
        simulation.run(for: .seconds(900))
    }
}
