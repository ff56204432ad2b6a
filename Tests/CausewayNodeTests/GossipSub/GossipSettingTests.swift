import CausewayConnection
import Testing

@testable import CausewayNode

/// The numbers of gossip: what is refused, and that they do what they say.
@Suite struct GossipSettingTests {
    private func fault(_ change: (inout GossipSubConfiguration) -> Void) -> GossipSettingError? {
        var configuration = GossipSubConfiguration()
        change(&configuration)
        do {
            try configuration.check()
            return nil
        } catch {
            return error
        }
    }

    @Test func theDefaultsAndWhatOthersUseAreFine() {
        #expect(fault { _ in } == nil)
        #expect(
            fault {
                $0.parameters.meshHigh = 0
                $0.parameters.meshSize = 0
                $0.parameters.meshLow = 0
                $0.parameters.meshOutbound = 0
            } == nil, "a node that only starts others")
        #expect(
            fault {
                $0.parameters.meshSize = 8
                $0.parameters.meshLow = 6
                $0.parameters.heartbeatInterval = .milliseconds(700)
                $0.parameters.history = 6
                $0.limits.message = 10 << 20
            } == nil, "Ethereum")
    }

    @Test func whatIsWrongIsNamedWithItsLimit() {
        #expect(
            fault { $0.parameters.meshLow = 9 } == GossipSettingError(name: "meshLow", value: 9, range: 0...6, bound: "meshSize"))
        #expect(fault { $0.parameters.meshSize = 13 }?.bound == "meshHigh")
        #expect(fault { $0.parameters.meshSize = -1 }?.name == "meshSize")
        #expect(
            fault { $0.parameters.meshOutbound = 4 }
                == GossipSettingError(name: "meshOutbound", value: 4, range: 0...3, bound: "meshLow - 1 and meshSize / 2"))
        #expect(fault { $0.parameters.heartbeatInterval = .milliseconds(1) }?.name == "heartbeatInterval")
        #expect(fault { $0.parameters.gossipHistory = 6 }?.bound == "history")
        #expect(fault { $0.parameters.gossipPercent = 101 }?.range == 0...100)
        #expect(fault { $0.limits.message = GossipSubConfiguration.largestMessage + 1 }?.range == 1...(16 << 20))
        #expect(fault { $0.limits.message = 0 }?.name == "message")
        #expect(fault { $0.limits.unjudgedPerPeer = 2000 }?.bound == "unjudged")
        #expect(fault { $0.limits.carriedPerPeer = 1025 }?.bound == "subscriptions")
        #expect(fault { $0.parameters.meshHigh = Int.min }?.value == Int.min)
    }

    /// The number that the limit names is the number of bytes that an application may publish, and everybody with this limit takes them.
    @Test(arguments: [1, 100_000, (1 << 20) - 4096, 4 << 20, 16 << 20])
    func aMessageOfTheLimitArrivesAndOneMoreByteIsRefused(limit: Int) throws {
        var configuration = GossipSubConfiguration()
        configuration.limits.message = limit
        let topic = [UInt8](repeating: 65, count: 256)
        let network = GossipNetwork(3, configuration, subscribed: topic, connected: false)
        network.connect(0, 1)
        network.connect(1, 2)
        network.run(.seconds(1))
        let author = network.hosts[0]
        #expect(throws: PublishError.tooLarge(limit: limit)) {
            try author.gossip.publish([UInt8](repeating: 1, count: limit + 1), on: topic, in: author.state)
        }
        #expect(try author.gossip.publish([UInt8](repeating: 1, count: limit), on: topic, in: author.state) == 1)
        network.run(.seconds(1))
        for host in network.hosts.dropFirst() { #expect(host.messages.map(\.data.count) == [limit]) }
        // It is there for those who ask, too.
        #expect(network.hosts[1].gossip.cache.count == 1)
    }

    @Test func aMessageThatIsTooLargeForOneCostsOnlyItself() throws {
        var large = GossipSubConfiguration()
        large.limits.message = 4 << 20
        let network = GossipNetwork([GossipHost(0, large), GossipHost(1)])
        for host in network.hosts { host.gossip.subscribe(chat, in: host.state) }
        network.connect(0, 1)
        network.run(.seconds(1))
        let (author, reader) = (network.hosts[0], network.hosts[1])
        for count in [1, 4 << 20, 2] {
            _ = try author.gossip.publish([UInt8](repeating: 1, count: count), on: chat, in: author.state)
            network.settle()
        }
        network.run(.seconds(3))
        #expect(reader.messages.map(\.data.count) == [1, 2] && reader.resets.isEmpty)
        #expect(reader.gossip.peers.first?.behaviour.faults == 0)
    }

    @Test func whoWantsNoMeshHasNone() throws {
        var none = GossipSubConfiguration()
        none.parameters.meshHigh = 0
        none.parameters.meshSize = 0
        none.parameters.meshLow = 0
        none.parameters.meshOutbound = 0
        none.floodPublish = false
        let network = GossipNetwork([GossipHost(0, none)] + (1..<4).map { GossipHost($0) })
        for host in network.hosts { host.gossip.subscribe(chat, in: host.state) }
        for index in 1..<4 {
            // Whoever is dialled is no exception.
            network.connect(index % 2 == 0 ? 0 : index, index % 2 == 0 ? index : 0)
        }
        network.run(.seconds(5))
        #expect(network.hosts[0].gossip.mesh(chat).isEmpty)
        // It gossips: what one says reaches the others.
        _ = try network.hosts[1].gossip.publish([1], on: chat, in: network.hosts[1].state)
        network.run(.seconds(5))
        for host in network.hosts where host.index != 1 { #expect(host.messages.count == 1, "\(host.index)") }
    }
}
