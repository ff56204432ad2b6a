import CausewayConnection
import CausewayIdentity
import Testing

@testable import CausewayNode

@Test func aRelayThatIsAwayAtTheStartIsReservedWhenItComes() {
    let relays = PlayedRelays()
    #expect(relays.client.keepRelays([relayAddress(1)], count: 1, in: relays.node).isEmpty)
    var tries = 0
    for _ in 0..<300 {
        if relays.requested() == [peer(1)] {
            tries += 1
            relays.fail(1)
        }
        relays.bench.run(.seconds(1))
    }
    #expect(tries >= 20 && tries <= 40)
    #expect(relays.answers.isEmpty)
    relays.bench.run(.seconds(60))
    relays.arrive(1)
    relays.grant(1)
    #expect(relays.held == [peer(1)])
}

@Test func theWantedNumberIsHeldInTheOrderOfTheCandidates() {
    let relays = PlayedRelays()
    let unusable = relays.client.keepRelays(
        [relayAddress(1), address("/ip4/192.0.2.9/tcp/1"), relayAddress(2), relayAddress(3), relayAddress(4)], count: 2, in: relays.node)
    #expect(unusable == [address("/ip4/192.0.2.9/tcp/1")])
    #expect(relays.requested() == [peer(1), peer(2)])
    relays.arrive(1)
    relays.grant(1)
    // The second refuses: the third has its turn at once.
    relays.arrive(2)
    relays.refuse(2)
    #expect(relays.requested() == [peer(3)])
    relays.fail(3)
    #expect(relays.requested() == [peer(4)])
    relays.arrive(4)
    relays.grant(4)
    #expect(relays.held == [peer(1), peer(4)])
    #expect(relays.node.addresses.circuits == [circuitAddress(1), circuitAddress(4)])
    // Held is held: nothing else is tried.
    relays.bench.run(.seconds(600))
    #expect(relays.requested().isEmpty)
}

@Test func aHeldRelayThatStaysAwayGivesItsTurnToTheNextAfterTheGrace() {
    let relays = PlayedRelays()
    relays.client.keepRelays([relayAddress(1), relayAddress(2)], count: 1, in: relays.node)
    relays.arrive(1)
    relays.grant(1)
    relays.lose(1)
    for _ in 0..<58 {
        relays.bench.run(.seconds(1))
        #expect(!relays.requested().contains(peer(2)))
        relays.fail(1)
    }
    relays.bench.run(.seconds(3))
    relays.fail(1)
    #expect(relays.requested() == [peer(2)])
    relays.arrive(2)
    relays.grant(2)
    #expect(relays.node.addresses.circuits == [circuitAddress(2)])
}

@Test func allAwayAreTriedInTurnWithPauses() {
    let relays = PlayedRelays()
    relays.client.keepRelays([relayAddress(1), relayAddress(2), relayAddress(3)], count: 1, in: relays.node)
    var tries = 0
    for _ in 0..<600 {
        while let next = relays.requested().first {
            tries += 1
            for number in 1...3 as ClosedRange<UInt8> where peer(number) == next { relays.fail(number) }
        }
        relays.bench.run(.seconds(1))
    }
    #expect(tries > 100 && tries < 200)
    relays.bench.run(.seconds(60))
    #expect(relays.requested().count == 1)
}

@Test func aNewListReplacesTheOld() {
    let relays = PlayedRelays()
    relays.client.keepRelays([relayAddress(1), relayAddress(2)], count: 2, in: relays.node)
    for number in [1, 2] as [UInt8] {
        relays.arrive(number)
        relays.grant(number)
    }
    relays.client.keepRelays([relayAddress(2), relayAddress(3)], count: 1, in: relays.node)
    #expect(relays.held == [peer(2)])
    #expect(relays.requested().isEmpty)
    relays.client.keepRelays([relayAddress(2), relayAddress(3)], count: 2, in: relays.node)
    #expect(relays.requested() == [peer(3)])
    relays.client.keepRelays([], count: 0, in: relays.node)
    #expect(relays.held.isEmpty)
    #expect(relays.client.order.isEmpty)
}

@Test func aReservationAskedForByNameOutlivesTheList() {
    let relays = PlayedRelays()
    relays.hold(1)
    relays.client.keepRelays([relayAddress(1)], count: 1, in: relays.node)
    relays.client.keepRelays([], count: 0, in: relays.node)
    #expect(relays.held == [peer(1)])
}

@Test func relaysLearntFromPeersAreUsedBehindTheNamedOnesAndBounded() {
    let relays = PlayedRelays()
    relays.client.learn(peer(5), addresses: [relayAddress(5)], in: relays.node)
    #expect(relays.client.order.isEmpty)
    relays.client.keepRelays([relayAddress(1)], count: 2, learns: true, in: relays.node)
    for number in 2..<60 as Range<UInt8> { relays.client.learn(peer(number), addresses: [relayAddress(number)], in: relays.node) }
    #expect(relays.requested() == [peer(1), peer(2)])
    #expect(relays.client.order.count <= 21)
}

@Test func aConnectedPeerThatOffersToRelayIsAskedWhenRelaysAreWanted() {
    let relays = PlayedRelays()
    relays.client.keepRelays([], count: 1, learns: true, in: relays.node)
    let link = relays.bench.connect(6, at: "/ip4/192.0.2.6/tcp/4001", inbound: false)
    relays.node.peers.describe(PeerDescription(peer: peer(6)))
    relays.client.identified(peer(6), on: link, in: relays.node)
    #expect(relays.asked(6) == nil)
    relays.node.peers.describe(PeerDescription(peer: peer(6), protocolIDs: [HopCodec.hopID]))
    relays.client.identified(peer(6), on: link, in: relays.node)
    #expect(relays.asked(6)?.link == link.id)
    relays.grant(6)
    #expect(relays.node.addresses.circuits == [circuitAddress(6)])
}

@Test func twoRunsOfOneSeedAreEqual() {
    func run() -> [NodeOutput] {
        let relays = PlayedRelays()
        relays.client.keepRelays([relayAddress(1), relayAddress(2), relayAddress(3)], count: 2, in: relays.node)
        relays.arrive(1)
        relays.grant(1)
        relays.lose(1)
        for _ in 0..<200 {
            relays.bench.run(.seconds(1))
            for number in 1...3 as ClosedRange<UInt8> { relays.fail(number) }
        }
        return relays.bench.take()
    }
    #expect(run() == run())
}
