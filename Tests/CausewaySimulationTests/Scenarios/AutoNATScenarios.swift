import CausewayConnection
import CausewayIdentity
import CausewayNode
import CausewaySimulation
import Testing

/// Relays in the internet, each in a network of its own, and what nodes in other places find out about themselves by asking them.
private struct ReachabilityWorld {
    let simulation: Simulation
    let relays: [SimulatedNode]

    static func settings(_ configuration: inout NodeConfiguration) {
        configuration.autonatClient = AutoNATClientLimits()
        configuration.autonatServer = AutoNATServerLimits()
    }

    init(relays count: Int = 4, test: String = #function) throws {
        simulation = Simulation(seed: 1, name: Test.current?.name ?? test)
        relays = try (0..<count).map { [simulation] number in
            try simulation.addNode("relay \(number)", ip: [5, UInt8(number + 1), 0, 1]) {
                Self.settings(&$0)
                $0.relay = RelayLimits()
            }
        }
    }

    /// A home behind a router that lets nothing in unasked.
    func home() -> SimulatedRouter {
        simulation.addRouter("home", ip: [5, 100, 0, 1], nat: NAT(mapping: .endpointIndependent, filtering: .addressAndPortDependent))
    }

    func connect(_ node: SimulatedNode) { for relay in relays { node.connect(to: relay) } }

    func state(of node: SimulatedNode, _ text: String) throws -> OwnAddressState? {
        let address = try Multiaddr(text)
        return node.node?.ownAddresses.first { $0.own.address == address }
    }
}

@Suite struct AutoNATScenarios {
    @Test func aPublicNodeLearnsThatItIsReached() throws {
        let world = try ReachabilityWorld()
        let node = try world.simulation.addNode("node", ip: [5, 50, 0, 1], configure: ReachabilityWorld.settings)
        world.connect(node)
        world.simulation.run(for: .seconds(60))
        let state = try world.state(of: node, "/ip4/5.50.0.1/tcp/4001")
        #expect(state?.reason == .reached && state?.isAdvertised == true, "\(world.simulation)")
        // The probes came under other keys and have gone, and the node serves others from then on.
        #expect(node.connectionCount == world.relays.count && world.relays[0].connections(to: node).count == 1)
        #expect(node.node?.protocolTable.entries.contains { $0.name == [UInt8]("/libp2p/autonat/2/dial-request".utf8) } == true)
    }

    /// Each transport has an address of its own, and so has each interface: for the second one, servers see another IP address and want
    /// data.
    @Test func allAddressesOfANodeAreTried() throws {
        let world = try ReachabilityWorld()
        let node = try world.simulation.addNode(
            "node", ip: [5, 50, 0, 1], others: [[5, 51, 0, 1]], webSocketPort: 4002, configure: ReachabilityWorld.settings)
        let direct = try world.simulation.addNode(
            "direct", ip: [5, 60, 0, 1], webRTCPort: 4003, configure: ReachabilityWorld.settings)
        world.connect(node)
        world.connect(direct)
        world.simulation.run(for: .seconds(1800))
        let states = [node, direct].flatMap { $0.node?.ownAddresses ?? [] }
        #expect(states.count == 6 && states.allSatisfy { $0.reason == .reached }, "\(states.map(\.own.address)) \(world.simulation)")
    }

    @Test func aNodeBehindAFirewallLearnsThatItIsNotReached() throws {
        let world = try ReachabilityWorld()
        let node = try world.simulation.addNode("node", ip: [5, 50, 0, 1], isReachable: false, configure: ReachabilityWorld.settings)
        world.connect(node)
        world.simulation.run(for: .seconds(120))
        #expect(try world.state(of: node, "/ip4/5.50.0.1/tcp/4001")?.reason == .notReached, "\(world.simulation)")
        #expect(node.advertised.isEmpty)
    }

    @Test func aNodeBehindANATLearnsThatItsGuessIsWrong() throws {
        let world = try ReachabilityWorld()
        let node = try world.simulation.addNode("node", ip: [192, 168, 1, 2], behind: world.home(), configure: ReachabilityWorld.settings)
        world.connect(node)
        world.simulation.run(for: .seconds(180))
        let state = try world.state(of: node, "/ip4/5.100.0.1/tcp/4001")
        #expect(state?.own.source == .inferred(by: 4) && state?.reason == .notReached, "\(world.simulation)")
        #expect(try node.advertised == [Multiaddr("/ip4/192.168.1.2/tcp/4001")])
    }

    @Test func aPortThatARouterForwardsIsFound() throws {
        let world = try ReachabilityWorld()
        let home = world.home()
        home.forward(4001, to: SimulatedAddress(ip: [192, 168, 1, 2], port: 4001))
        let node = try world.simulation.addNode("node", ip: [192, 168, 1, 2], behind: home, configure: ReachabilityWorld.settings)
        world.connect(node)
        world.simulation.run(for: .seconds(60))
        let state = try world.state(of: node, "/ip4/5.100.0.1/tcp/4001")
        #expect(state?.reason == .reached && state?.isAdvertised == true, "\(world.simulation)")
        // Others learn it, and not the address inside.
        #expect(try world.relays[0].node?.description(of: node.peerID)?.listenAddresses == [Multiaddr("/ip4/5.100.0.1/tcp/4001")])
        let stranger = try world.simulation.addNode("stranger", ip: [5, 60, 0, 1])
        let request = stranger.connect(to: node.peerID, at: [try Multiaddr("/ip4/5.100.0.1/tcp/4001")])
        try world.simulation.run(until: "connected", timeout: .seconds(10)) { request.isConnected }
    }

    /// A relay behind a router that forwards to it, as in a cloud, knows its address outside from those that dial it.
    @Test func aRelayInACloudLearnsItsAddressFromItsPeers() throws {
        let world = try ReachabilityWorld(relays: 0)
        let cloud = world.home()
        cloud.forward(4001, to: SimulatedAddress(ip: [172, 31, 0, 5], port: 4001))
        let relay = try world.simulation.addNode("relay", ip: [172, 31, 0, 5], behind: cloud) {
            ReachabilityWorld.settings(&$0)
            $0.relay = RelayLimits()
        }
        let outside = try Multiaddr("/ip4/5.100.0.1/tcp/4001")
        for number in 1...4 {
            let peer = try world.simulation.addNode("peer \(number)", ip: [5, UInt8(number), 0, 1], isReachable: false)
            peer.reserve(at: relay, address: outside.appending(relay.peerID))
            world.simulation.run(for: .seconds(5))
        }
        #expect(try world.state(of: relay, "/ip4/5.100.0.1/tcp/4001")?.reason == .observed(by: 4), "\(world.simulation)")
        let late = try world.simulation.addNode("late", ip: [5, 9, 0, 1], isReachable: false)
        let reservation = late.reserve(at: relay, address: outside.appending(relay.peerID))
        world.simulation.run(for: .seconds(5))
        #expect(reservation.reservation?.addresses.map { $0.splitAtCircuit()?.relay } == [outside.appending(relay.peerID)])
    }
}
