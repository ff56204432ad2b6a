import CausewayConnection
import CausewayIdentity
import Testing

@testable import CausewayNode

/// Topics that a node carries for others.
@Suite struct GossipCarryingTests {
    private func relay(_ patterns: String..., limits: (inout GossipLimits) -> Void = { _ in }) throws -> GossipSubConfiguration {
        var configuration = GossipSubConfiguration()
        configuration.carries = try patterns.map { try TopicPattern($0) }
        limits(&configuration.limits)
        return configuration
    }

    private func name(_ text: String) -> [UInt8] { [UInt8](text.utf8) }

    private func network(_ configuration: GossipSubConfiguration, peers: Int) -> GossipNetwork {
        let network = GossipNetwork([GossipHost(0, configuration)] + (1...peers).map { GossipHost($0) })
        for index in 1...peers { network.connect(index, 0) }
        network.run(.seconds(1))
        return network
    }

    @Test func patternsAreNamesOrBeginnings() throws {
        #expect(try TopicPattern("board/*").fits(name("board/1")) && TopicPattern("board/*").fits(name("board/")))
        #expect(try !TopicPattern("board/*").fits(name("board")) && !TopicPattern("board/*").fits(name("a board/1")))
        #expect(try TopicPattern("chat").fits(chat) && !TopicPattern("chat").fits(name("chat2")) && TopicPattern("*").fits(chat))
        #expect(throws: TopicPattern.Fault.empty) { try TopicPattern("") }
        for text in ["a*b", "**", "*a", "a*b*"] { #expect(throws: TopicPattern.Fault.misplacedStar) { try TopicPattern(text) } }
        #expect(try TopicPattern("board/*").description == "board/*" && TopicPattern("board/*").isOpenEnded)
    }

    @Test func aTopicIsCarriedAsLongAsSomebodyIsInIt() throws {
        let network = network(try relay("board/*", "chat"), peers: 4)
        let (relay, one, two, idle) = (network.hosts[0], network.hosts[1], network.hosts[2], network.hosts[3])
        let board = name("board/7")
        for host in [one, two] { host.gossip.subscribe(board, in: host.state) }
        one.gossip.subscribe(name("other"), in: one.state)
        network.run(.seconds(2))
        #expect(relay.gossip.carriedTopics == [board] && relay.gossip.joinedTopics == [board])
        one.gossip.publish(request: 1, topic: board, data: [1], in: one.state)
        network.run(.seconds(1))
        #expect(two.messages.map(\.data) == [[1]] && relay.messages.isEmpty)
        #expect(idle.gossip.subscribers(board).isEmpty, "whoever is not in the topic hears nothing of it")
        // The first leaves, the second remains, with whom the topic ends.
        network.disconnect(0, 1)
        network.run(.seconds(1))
        #expect(relay.gossip.carriedTopics == [board])
        network.connect(1, 0)
        network.run(.seconds(12))
        one.gossip.publish(request: 2, topic: board, data: [2], in: one.state)
        network.run(.seconds(2))
        #expect(two.messages.map(\.data) == [[1], [2]])
        for host in [one, two] { host.gossip.unsubscribe(board, in: host.state) }
        network.run(.seconds(1))
        #expect(relay.gossip.carriedTopics.isEmpty && relay.gossip.carriedCount == 0)
        #expect(relay.gossip.peers.allSatisfy { $0.carried == 0 })
        network.run(.seconds(90))
        #expect(relay.gossip.topics.isEmpty)
    }

    @Test func aTopicThatTheNodeJoinsItselfIsNotCarried() throws {
        let network = network(try relay("*"), peers: 2)
        let (relay, one, idle) = (network.hosts[0], network.hosts[1], network.hosts[2])
        one.gossip.subscribe(chat, in: one.state)
        network.run(.seconds(1))
        #expect(relay.gossip.carriedTopics == [chat] && idle.gossip.subscribers(chat).isEmpty)
        relay.gossip.subscribe(chat, in: relay.state)
        network.run(.seconds(1))
        #expect(relay.gossip.carriedTopics.isEmpty && relay.gossip.carriedCount == 0)
        #expect(idle.gossip.subscribers(chat) == [relay.peer])
        relay.gossip.unsubscribe(chat, in: relay.state)
        network.run(.seconds(1))
        #expect(relay.gossip.carriedTopics == [chat] && idle.gossip.subscribers(chat).isEmpty)
        #expect(one.gossip.subscribers(chat) == [relay.peer])
    }

    @Test func onePeerHasItsShareAndWhoHasMostMakesRoom() throws {
        let limits: (inout GossipLimits) -> Void = {
            $0.carried = 20
            $0.carriedPerPeer = 12
        }
        let network = network(try relay("*", limits: limits), peers: 4)
        let relay = network.hosts[0]
        func subscribe(_ host: Int, _ count: Int) {
            for index in 0..<count { network.hosts[host].gossip.subscribe(name("\(host)/\(index)"), in: network.hosts[host].state) }
            network.settle()
        }
        func carried(_ host: Int) -> Int { relay.gossip.carriedTopics.count { $0.starts(with: name("\(host)/")) } }
        subscribe(1, 40)
        #expect(carried(1) == 12)
        subscribe(2, 40)
        #expect(relay.gossip.carriedTopics.count == 20 && carried(1) == 10 && carried(2) == 10, "in the end both have as many")
        subscribe(3, 2)
        #expect(carried(3) == 2 && relay.gossip.carriedCount == 20)
        #expect(relay.gossip.carriedTopics.contains(name("1/0")), "the latest of whoever has most goes first")
        for host in 1...3 { #expect(relay.gossip.peers.contains { $0.peer == network.hosts[host].peer && $0.carried == carried(host) }) }
        for host in 1...3 { network.disconnect(host, 0) }
        network.run(.seconds(1))
        #expect(relay.gossip.carriedCount == 0 && relay.gossip.carriedTopics.isEmpty)
    }

    @Test func topicsThatComeAndGoLeaveNothing() throws {
        let victim = GossipVictim(try relay("*"), subscribes: false)
        for index in 0..<1000 {
            let one = name("board/\(index)")
            victim.receive(GossipCodec.subscriptions([one], subscribe: true))
            victim.receive(GossipCodec.subscriptions([one], subscribe: false))
        }
        #expect(victim.host.gossip.carriedCount == 0 && victim.peer.carried == 0)
        #expect(victim.host.gossip.topics.count == 1, "the node's own")
    }

    @Test func backOffsOfTopicsThatAreGoneAreFew() throws {
        let victim = GossipVictim(try relay("*") { $0.carried = 4 }, subscribes: false)
        for index in 0..<100 {
            let one = name("board/\(index)")
            victim.receive(GossipCodec.subscriptions([one], subscribe: true))
            victim.receive(GossipCodec.prune(one, backoffSeconds: 3600))
            victim.receive(GossipCodec.subscriptions([one], subscribe: false))
            #expect(victim.host.gossip.topics.count <= 2 * 4 + 1)
        }
    }

    @Test func anHeirHasItsShareToo() throws {
        let network = network(try relay("*") { $0.carriedPerPeer = 2 }, peers: 2)
        let (relay, one, two) = (network.hosts[0], network.hosts[1], network.hosts[2])
        for index in 0..<2 { one.gossip.subscribe(name("a\(index)"), in: one.state) }
        for text in ["b", "a0", "a1"] { two.gossip.subscribe(name(text), in: two.state) }
        network.run(.seconds(1))
        #expect(relay.gossip.carriedTopics.count == 3)
        network.disconnect(1, 0)
        network.run(.seconds(1))
        #expect(relay.gossip.carriedTopics.count == 2 && relay.gossip.peers.allSatisfy { $0.carried <= 2 })
        #expect(two.gossip.subscribers(name("a1")).isEmpty != two.gossip.subscribers(name("a0")).isEmpty, "it is told of the end")
    }
}
