import CausewayConnection
import CausewayIdentity
import Testing

@testable import CausewayNode

private func relay(_ change: (inout RelayLimits) -> Void = { _ in }) -> ProtocolBench<RelayServer> {
    var limits = RelayLimits()
    change(&limits)
    let bench = ProtocolBench(RelayServer(limits: limits))
    bench.listen([address("/ip4/192.0.2.1/tcp/4001"), address("/dns4/relay.example/tcp/443/wss")])
    return bench
}

extension ProtocolBench<RelayServer> {
    fileprivate func holdsReservation(_ peer: PeerID) -> Bool { machine.reservations[peer] != nil }
}

private func status(_ message: HopMessage?) -> UInt16? {
    guard case .status(let status, _, _)? = message else { return nil }
    return status
}

@Test func aReservationNamesItsEndItsAddressesItsVoucherAndTheLimit() throws {
    let bench = relay()
    let link = bench.connect(1)
    guard case .status(100, let answer?, let limit) = bench.ask(.reserve, on: link) else {
        Issue.record("refused")
        return
    }
    #expect(answer.expire == ProtocolBench<RelayServer>.start + 3600)
    let own = "/p2p/" + peer(100).description
    #expect(
        answer.addresses == [
            address("/ip4/192.0.2.1/tcp/4001" + own).bytes, address("/dns4/relay.example/tcp/443/wss" + own).bytes,
        ])
    let voucher = try Voucher.open(answer.voucher, from: peer(100))
    #expect(voucher == Voucher(relay: peer(100), peer: peer(1), expiration: answer.expire))
    #expect(limit == CircuitLimit(bytes: 131_072, seconds: 120))
    #expect(bench.relayEvents == [.reserved(peer(1), refreshed: false, expires: answer.expire)])
    #expect(bench.machine.counts.reservations == 1)
    #expect(bench.node.connections.isProtected(peer(1)))
}

@Test func anUnlimitedRelayTellsNoLimit() {
    let bench = relay { $0.circuit = .unlimited }
    guard case .status(100, _?, let limit) = bench.ask(.reserve, on: bench.connect(1)) else {
        Issue.record("refused")
        return
    }
    #expect(limit == nil)
}

@Test func manyAddressesStillFitIntoOneMessage() {
    let bench = relay()
    bench.listen((0..<200).map { address("/dns4/a-rather-long-name-of-a-relay-\($0).example/tcp/443/wss") })
    guard case .status(100, let answer?, _) = bench.ask(.reserve, on: bench.connect(1)) else {
        Issue.record("refused, or over 4,096 bytes")
        return
    }
    #expect(answer.addresses.count > 20)
}

@Test func aRelayThatKnowsNoAddressOfItsOwnNamesTheOneItWasReachedAt() {
    let bench = relay()
    bench.listen([])
    guard case .status(100, let answer?, _) = bench.ask(.reserve, on: bench.connect(1)) else {
        Issue.record("refused")
        return
    }
    #expect(answer.addresses == [address("/ip4/127.0.0.1/tcp/1/p2p/" + peer(100).description).bytes])
}

@Test func askingAgainRefreshesAlsoWhenFull() {
    let bench = relay { $0.reservations = 1 }
    let link = bench.connect(1)
    bench.ask(.reserve, on: link)
    bench.run(.seconds(1800))
    #expect(status(bench.ask(.reserve, on: bench.connect(2))) == HopStatus.reservationRefused)
    #expect(status(bench.ask(.reserve, on: link)) == HopStatus.ok)
    #expect(bench.machine.counts.reservations == 1)
    #expect(bench.machine.counts.reservationsRefreshed == 1)
    bench.run(.seconds(3599))
    #expect(bench.holdsReservation(peer(1)))
    #expect(
        bench.relayEvents == [
            .reserved(peer(1), refreshed: false, expires: 1_800_003_600),
            .reservationRefused(peer(2), status: 200, limit: ReachedLimit(.reservations, 1)),
            .reserved(peer(1), refreshed: true, expires: 1_800_005_400),
        ])
}

@Test func reservationsEndWithTheirTimeInOrder() {
    let bench = relay()
    bench.ask(.reserve, on: bench.connect(1))
    bench.run(.seconds(10))
    bench.ask(.reserve, on: bench.connect(2))
    _ = bench.take()
    bench.run(.seconds(3589))
    #expect(bench.machine.counts.reservations == 2)
    bench.run(.seconds(20))
    #expect(bench.relayEvents == [.reservationEnded(peer(1)), .reservationEnded(peer(2))])
    #expect(bench.machine.counts.reservations == 0)
    #expect(!bench.node.connections.isProtected(peer(1)))
}

@Test func aReservationEndsWithTheLastDirectConnection() {
    let bench = relay()
    let first = bench.connect(1)
    bench.ask(.reserve, on: first)
    let second = bench.connect(1)
    let relayed = bench.connect(1, relayed: true)
    bench.disconnect(first)
    #expect(bench.holdsReservation(peer(1)))
    bench.disconnect(second)
    #expect(!bench.holdsReservation(peer(1)))
    bench.disconnect(relayed)
    #expect(bench.machine.counts.reservations == 0)
}

@Test func thirtyPeopleBehindOneAddressGetPlaces() {
    let bench = relay()
    for number in UInt8(1)...32 {
        #expect(status(bench.ask(.reserve, on: bench.connect(number, at: "/ip4/192.0.2.7/tcp/\(number)"))) == 100)
    }
    #expect(status(bench.ask(.reserve, on: bench.connect(33, at: "/ip4/192.0.2.7/tcp/33"))) == HopStatus.resourceLimitExceeded)
}

@Test func oneAddressHoldsItsShareOfReservations() {
    let bench = relay { $0.reservationsPerAddress = 8 }
    for number in 1...8 {
        #expect(status(bench.ask(.reserve, on: bench.connect(UInt8(number), at: "/ip4/192.0.2.7/tcp/\(number)"))) == 100)
    }
    let ninth = bench.connect(9, at: "/ip4/192.0.2.7/tcp/9")
    #expect(status(bench.ask(.reserve, on: ninth)) == HopStatus.resourceLimitExceeded)
    #expect(bench.relayEvents.last == .reservationRefused(peer(9), status: 201, limit: ReachedLimit(.reservationsPerAddress, 8)))
    // The same place as a dual-stack socket shows it; another place; a place that was given back.
    #expect(status(bench.ask(.reserve, on: bench.connect(10, at: "/ip6/::ffff:192.0.2.7/tcp/1"))) == 201)
    #expect(status(bench.ask(.reserve, on: bench.connect(11, at: "/ip4/192.0.2.8/tcp/1"))) == 100)
    bench.disconnect(bench.node.connections[bench.node.connections.links(of: peer(1))[0]]!)
    #expect(status(bench.ask(.reserve, on: ninth)) == 100)
}

@Test func aSecondAddressHoldsNoMorePlaces() {
    let bench = relay { $0.reservationsPerAddress = 8 }
    // Made at three addresses and refreshed from another, while the first connection ends.
    for number in UInt8(1)...24 {
        let first = bench.connect(number, at: "/ip4/192.0.2.\(7 + number % 3)/tcp/\(number)")
        #expect(status(bench.ask(.reserve, on: first)) == 100)
        let second = bench.connect(number, at: "/ip4/203.0.113.8/tcp/\(number)")
        #expect(status(bench.ask(.reserve, on: second)) == (number <= 8 ? 100 : 201))
        #expect(bench.holdsReservation(peer(number)))
        bench.disconnect(first)
        #expect(bench.holdsReservation(peer(number)) == (number <= 8))
    }
    #expect(bench.machine.counts.reservations == 8)
    // Each that goes gives its place back.
    bench.disconnect(bench.node.connections[bench.node.connections.links(of: peer(1))[0]]!)
    #expect(status(bench.ask(.reserve, on: bench.connect(30, at: "/ip4/203.0.113.8/tcp/30"))) == 100)
    #expect(status(bench.ask(.reserve, on: bench.connect(31, at: "/ip4/203.0.113.8/tcp/31"))) == 201)
    #expect(status(bench.ask(.reserve, on: bench.connect(32, at: "/ip4/192.0.2.7/tcp/32"))) == 100)
}

@Test func aReservationFollowsItsHolderToAPlaceWithRoom() {
    let bench = relay { $0.reservationsPerAddress = 8 }
    let first = bench.connect(1, at: "/ip4/192.0.2.7/tcp/1")
    bench.ask(.reserve, on: first)
    bench.connect(1, at: "/ip4/192.0.2.8/tcp/1")
    bench.disconnect(first)
    #expect(bench.holdsReservation(peer(1)))
    for number in UInt8(2)...9 {
        #expect(status(bench.ask(.reserve, on: bench.connect(number, at: "/ip4/192.0.2.8/tcp/\(number)"))) == (number < 9 ? 100 : 201))
    }
}

@Test func loopbackIsNotCounted() {
    let bench = relay()
    for number in 1...30 {
        let place = number % 2 == 0 ? "/ip4/127.0.0.1/tcp/\(number)" : "/ip6/::1/tcp/\(number)"
        #expect(status(bench.ask(.reserve, on: bench.connect(UInt8(number), at: place))) == 100)
    }
}

@Test func oneIPv6NetworkHoldsItsShareOfReservations() {
    let bench = relay {
        $0.reservationsPerAddress = 8
        $0.reservationsPerNetwork = 64
    }
    // Eight in each of the /56 of one /48: 2001:db8:1:xx00::/56.
    for number in 0..<64 {
        let place = "/ip6/2001:db8:1:\(String(0x100 * (number / 8), radix: 16))::\(number + 1)/tcp/1"
        #expect(status(bench.ask(.reserve, on: bench.connect(UInt8(number), at: place))) == 100)
    }
    #expect(status(bench.ask(.reserve, on: bench.connect(70, at: "/ip6/2001:db8:1:9900::1/tcp/1"))) == 201)
    #expect(bench.relayEvents.last == .reservationRefused(peer(70), status: 201, limit: ReachedLimit(.reservationsPerNetwork, 64)))
    #expect(status(bench.ask(.reserve, on: bench.connect(71, at: "/ip6/2001:db8:2::1/tcp/1"))) == 100)
    for number in 72..<79 {
        #expect(status(bench.ask(.reserve, on: bench.connect(UInt8(number), at: "/ip6/2001:db8:2:\(number)::1/tcp/1"))) == 100)
    }
    // 2001:db8:2::/56 is full now.
    #expect(status(bench.ask(.reserve, on: bench.connect(80, at: "/ip6/2001:db8:2:ff::1/tcp/1"))) == 201)
}

@Test func noReservationOverARelayedConnection() {
    let bench = relay()
    #expect(status(bench.ask(.reserve, on: bench.connect(1, relayed: true))) == HopStatus.permissionDenied)
    #expect(bench.machine.counts.reservations == 0)
    #expect(bench.machine.counts.reservationsRefused == 1)
}

@Test func aPeerThatAsksAllTheTimeCostsOneSignatureASecond() {
    let bench = relay()
    let link = bench.connect(1)
    var vouchers: Set<[UInt8]> = []
    for _ in 0..<100 {
        if case .status(100, let answer?, _) = bench.ask(.reserve, on: link) { vouchers.insert(answer.voucher) }
        _ = bench.take()
    }
    #expect(vouchers.count == 1)
    #expect(bench.machine.counts.reservations == 1)
}

@Test func peersThatVanishAndComeBackLeaveNothingBehind() {
    let bench = relay { $0.reservations = 10 }
    for _ in 0..<100 {
        // Each comes back on a new connection before the relay has noticed the end of the old one.
        var links: [ConnectedLink] = []
        for number in 1...10 {
            let link = bench.connect(UInt8(number), at: "/ip4/192.0.2.\(number)/tcp/1")
            #expect(status(bench.ask(.reserve, on: link)) == 100)
            links.append(link)
        }
        for number in 1...10 {
            let again = bench.connect(UInt8(number), at: "/ip4/192.0.2.\(number)/tcp/2")
            #expect(status(bench.ask(.reserve, on: again)) == 100)
            links.append(again)
        }
        #expect(bench.machine.counts.reservations == 10)
        for link in links { bench.disconnect(link) }
        #expect(bench.machine.counts.reservations == 0)
        _ = bench.take()
    }
    #expect(bench.machine.counts.hopStreams == 0)
    #expect(bench.machine.nextDeadline > bench.node.now)
}
