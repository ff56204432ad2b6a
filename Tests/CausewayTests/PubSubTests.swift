import Causeway
import Testing

@Suite("Gossip and discovery on loopback") struct PubSubTests {
    private func gossiping(listen: [String] = [], _ change: (inout Configuration) -> Void = { _ in }) throws -> Configuration {
        try configuration(listen: listen) {
            $0.pubSub = .init()
            change(&$0)
        }
    }

    @Test func messagesReachSubscribers() async throws {
        try await withNodes([gossiping(listen: [tcp]), gossiping(), gossiping()]) { nodes in
            let hub = try await nodes[0].subscribe("news")
            let reader = try await nodes[2].subscribe("news")
            for index in [1, 2] { try await nodes[index].connect(to: await nodes[0].addresses[0]) }
            try await until { await nodes[1].subscribers(of: "news").contains(nodes[0].peerID) }
            try await until { await nodes[0].mesh(of: "news").contains(nodes[2].peerID) }
            let peers = try await nodes[1].publish("hello", to: "news")
            #expect(peers == 1)
            for subscription in [hub, reader] {
                let message = try #require(await subscription.next())
                #expect(message.text == "hello" && message.author == nodes[1].peerID && message.topic == "news")
            }
        }
    }

    @Test func aMessageForNobodyIsAnErrorUnlessThatIsAllowed() async throws {
        try await withNodes([gossiping(), gossiping { $0.pubSub?.allowsPublishToZeroTopicPeers = true }]) { nodes in
            do throws(NodeError) {
                try await nodes[0].publish("hello", to: "news")
                Issue.record("it was published to nobody")
            } catch {
                guard case .publish(.noSubscribers) = error else { throw error }
            }
            #expect(try await nodes[1].publish("hello", to: "news") == 0)
        }
    }

    @Test func whatIsNotAcceptedReachesNobody() async throws {
        try await withNodes([gossiping(listen: [tcp]) { $0.pubSub?.limits.verdictTime = .seconds(2) }, gossiping(), gossiping()]) {
            nodes in
            // Faults of these last longer than the test, and so do their tasks, unless they are cancelled.
            try await nodes[0].validate("news") { message in
                switch message.text {
                case "good": return .accept
                case "late":
                    try? await Task.sleep(for: .seconds(3600))
                    return .accept
                case "odd":
                    await Task.yield()
                    return .ignore
                default: return .reject
                }
            }
            let hub = try await nodes[0].subscribe("news")
            let reader = try await nodes[2].subscribe("news")
            for index in [1, 2] { try await nodes[index].connect(to: await nodes[0].addresses[0]) }
            try await until { await nodes[1].subscribers(of: "news").contains(nodes[0].peerID) }
            try await until { await nodes[0].mesh(of: "news").contains(nodes[2].peerID) }
            for text in ["bad", "late", "odd", "good"] { try await nodes[1].publish(text, to: "news") }
            for subscription in [hub, reader] { #expect(await subscription.next()?.text == "good") }
            var expected = VerdictCounts()
            (expected.accepted, expected.rejected, expected.ignored, expected.overdue) = (1, 1, 1, 1)
            try await until { [expected] in await nodes[0].verdicts == expected }
            await nodes[0].stopValidating("news")
            try await nodes[1].publish("bad", to: "news")
            for subscription in [hub, reader] { #expect(await subscription.next()?.text == "bad") }
        }
    }

    @Test func badSettingsAreRefusedBeforeANodeIsMade() throws {
        let configuration = try gossiping { $0.pubSub?.parameters.meshLow = 7 }
        let error = try #require(throws: NodeError.self) { try Node(configuration) }
        guard case .pubSub(let fault) = error else {
            Issue.record("\(error)")
            return
        }
        #expect(fault.name == "meshLow" && fault.value == 7 && fault.range == 0...6)
        #expect("\(error)" == "meshLow is 7: expected 0 to 6 (meshSize)")
    }

    @Test func aRelayCarriesTopicsByPattern() async throws {
        try await withNodes([gossiping(listen: [tcp]) { $0.pubSub?.carries = [try! TopicPattern("board/*")] }, gossiping(), gossiping()]) {
            nodes in
            let reader = try await nodes[2].subscribe("board/1")
            let writer = try await nodes[1].subscribe("board/1")
            for index in [1, 2] { try await nodes[index].connect(to: await nodes[0].addresses[0]) }
            try await until { await nodes[0].mesh(of: "board/1").count == 2 }
            try await nodes[1].publish("hello", to: "board/1")
            #expect(await reader.next()?.text == "hello")
            writer.cancel()
        }
    }

    @Test func leavingATopic() async throws {
        try await withNodes([gossiping(listen: [tcp]), gossiping()]) { nodes in
            let events = nodes[0].events()
            try await nodes[1].connect(to: await nodes[0].addresses[0])
            var subscription: Subscription? = try await nodes[1].subscribe("news")
            let second = try await nodes[1].subscribe("news")
            try await until { await nodes[0].subscribers(of: "news") == [nodes[1].peerID] }
            subscription?.cancel()
            subscription = nil
            try await Task.sleep(for: .milliseconds(50))
            #expect(await nodes[0].subscribers(of: "news") == [nodes[1].peerID])
            second.cancel()
            try await until { await nodes[0].subscribers(of: "news").isEmpty }
            var changes: [Bool] = []
            while changes.last != false, let event = await events.next() {
                guard case .subscriptionChanged(let change) = event, change.peer == nodes[1].peerID, change.topic == "news" else {
                    continue
                }
                changes.append(change.isSubscribed)
            }
            #expect(changes == [true, false])
        }
    }

    @Test(arguments: [Configuration.Discovery.Form.protobuf, .json]) func peersThatKnowOnlyTheRelayMeet(
        _ form: Configuration.Discovery.Form
    ) async throws {
        var discovery: Configuration.Discovery = form == .json ? .json : .pubsub
        discovery.interval = .milliseconds(200)
        let topic = discovery
        let relay = try gossiping(listen: [webSocket]) {
            $0.relayService = .init()
            $0.discovery = [topic]
        }
        try await withNodes([relay, gossiping { $0.discovery = [topic] }, gossiping { $0.discovery = [topic] }]) { nodes in
            let events = nodes[2].events()
            for node in nodes.dropFirst() { try await node.reserve(at: await nodes[0].addresses[0]) }
            for await event in events {
                guard case .discovered(let peer, let addresses, _) = event, peer == nodes[1].peerID,
                    let circuit = addresses.first(where: \.isCircuit)
                else { continue }
                let connection = try await nodes[2].connect(to: circuit.peerID == nil ? circuit.appending(peer) : circuit)
                #expect(connection.peer == peer && connection.isLimited)
                break
            }
        }
    }
}
