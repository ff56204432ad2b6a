import CausewayConnection
import CausewayNode
import CausewaySimulation

/// How a host is connected to the network: the NATs that it is behind, from its own outwards, and a firewall.
struct Site: Sendable, CustomStringConvertible {
    var description: String
    var nats: [NAT] = []
    /// Of the innermost router: for IPv6 if there are NATs, else for all.
    var firewall: Firewall?
    var hasIPv4 = true
    var hasIPv6 = false
    var acceptsInbound = true
    var blocksUDP = false
}

extension NAT.Behaviour {
    var short: String {
        switch self {
        case .endpointIndependent: "EI"
        case .addressDependent: "AD"
        case .addressAndPortDependent: "APD"
        }
    }
}

extension Site {
    static let open = Site(description: "open")
    static let fullCone = Site(.endpointIndependent, .endpointIndependent)
    static let restrictedCone = Site(.endpointIndependent, .addressDependent)
    static let portRestricted = Site(.endpointIndependent, .addressAndPortDependent)
    static let symmetric = Site(.addressAndPortDependent, .addressAndPortDependent)
    static let firewalled = Site(description: "firewall", firewall: Firewall())

    init(_ mapping: NAT.Behaviour, _ filtering: NAT.Behaviour) {
        self.init(
            description: "\(mapping.short) mapping, \(filtering.short) filtering", nats: [NAT(mapping: mapping, filtering: filtering)])
    }

    /// One NAT of every kind.
    static let everyNAT: [Site] = NAT.Behaviour.allCases.flatMap { mapping in NAT.Behaviour.allCases.map { Site(mapping, $0) } }

    /// A home behind a carrier's NAT.
    func behind(_ carrier: Site) -> Site {
        Site(description: "\(self), behind \(carrier)", nats: nats + carrier.nats, firewall: firewall)
    }

    private func changed(_ what: String, _ change: (inout Site) -> Void) -> Site {
        var site = self
        site.description += ", " + what
        change(&site)
        return site
    }

    static let every: [Site] =
        everyNAT + [
            open, firewalled,
            open.changed("accepts nothing unasked") { $0.acceptsInbound = false },
            Site(description: "firewall by address", firewall: Firewall(filtering: .addressDependent)),
            portRestricted.changed("port preservation") { $0.nats[0].ports = .preservation },
            portRestricted.changed("no simultaneous open") { $0.nats[0].supportsSimultaneousOpen = false },
            portRestricted.changed("no UDP") { $0.blocksUDP = true },
            fullCone.behind(fullCone), portRestricted.behind(restrictedCone), fullCone.behind(symmetric), symmetric.behind(fullCone),
            Site(.endpointIndependent, .addressDependent).behind(Site(.addressDependent, .endpointIndependent)),
            open.changed("IPv6 only") {
                $0.hasIPv4 = false
                $0.hasIPv6 = true
            },
            firewalled.changed("IPv6 only") {
                $0.hasIPv4 = false
                $0.hasIPv6 = true
            },
            symmetric.changed("IPv6 behind a firewall") {
                $0.firewall = Firewall()
                $0.hasIPv6 = true
            },
        ]

    // MARK: Building

    /// Builds it: public addresses tell sites apart, private ones are the same in all.
    /// - Parameter behind: a router that it shares with another site.
    func host(_ name: String, _ number: UInt8, in simulation: Simulation, behind shared: SimulatedRouter? = nil) -> SimulatedHost {
        let (router, addresses) = place(name, number, in: simulation, behind: shared)
        let host = simulation.addHost(name, ip: addresses[0], others: Array(addresses.dropFirst()), behind: router)
        host.acceptsInbound = acceptsInbound
        return host
    }

    /// The same with a node on the host.
    func node(
        _ name: String, _ number: UInt8, in simulation: Simulation, port: UInt16? = nil,
        configure: (inout NodeConfiguration) -> Void
    ) throws -> SimulatedNode {
        let (router, addresses) = place(name, number, in: simulation)
        return try simulation.addNode(
            name, ip: addresses[0], others: Array(addresses.dropFirst()), port: port, isReachable: acceptsInbound, behind: router,
            configure: configure)
    }

    /// What a host of the site stands behind, and its addresses.
    private func place(
        _ name: String, _ number: UInt8, in simulation: Simulation, behind shared: SimulatedRouter? = nil
    ) -> (SimulatedRouter?, [[UInt8]]) {
        var router = shared
        for (depth, nat) in nats.enumerated().reversed() {
            let ip: [UInt8] = router == nil ? [5, 100 + number, 0, 1] : [100, 64, number, UInt8(depth + 2)]
            let isHome = depth == 0
            router = simulation.addRouter("\(name)'s router \(depth)", ip: ip, nat: nat, firewall: isHome ? firewall : nil, behind: router)
        }
        if nats.isEmpty, firewall != nil || blocksUDP {
            router = simulation.addRouter("\(name)'s firewall", firewall: firewall, behind: router)
        }
        if blocksUDP { router?.blocksUDP = true }
        let isTranslated = router.map { $0.nat != nil } ?? false
        var addresses: [[UInt8]] = []
        if hasIPv4 { addresses.append(isTranslated ? [192, 168, 1, shared == nil ? 2 : number + 1] : [5, 200, 0, number]) }
        if hasIPv6 { addresses.append([0x2a, 5, 0, number] + [UInt8](repeating: 0, count: 11) + [2]) }
        return (router, addresses)
    }
}
