import CausewayConnection
import CausewayIdentity
import Testing

@testable import CausewayNode

@Test func aReservationIsMadeAnsweredAndAdvertised() {
    let relays = PlayedRelays()
    relays.reserve(1)
    #expect(relays.requested() == [peer(1)])
    #expect(relays.requested() == [peer(1)] && relays.bench.requests.first?.policy.named == [relayAddress(1)])
    relays.arrive(1)
    #expect(relays.bench.hopAnswer(on: relays.asked(1)!) == .reserve)
    relays.grant(1, limit: CircuitLimit(bytes: 5, seconds: 6))
    let reservation = Reservation(
        relay: peer(1), expires: 1_800_003_600, addresses: [circuitAddress(1)], limit: CircuitLimit(bytes: 5, seconds: 6))
    #expect(relays.answers == [.reserved(reservation)])
    #expect(relays.states == [.made])
    #expect(relays.node.addresses.circuits == [circuitAddress(1)])
    #expect(relays.node.connections.isProtected(peer(1)))
    // Asked for again: answered from what is held.
    relays.reserve(1, request: 2)
    #expect(relays.answers.last == .reserved(reservation))
}

@Test func anExistingConnectionToTheRelayIsUsed() {
    let relays = PlayedRelays()
    relays.links[1] = relays.bench.connect(1, at: "/ip4/192.0.2.1/tcp/4001", inbound: false)
    relays.client.reserve(request: 1, relayAddress: circuitAddress(1), in: relays.node)
    #expect(relays.requested().isEmpty)
    relays.grant(1)
    #expect(relays.held == [peer(1)])
}

@Test func whatNamesNoRelayIsRefusedAtOnce() {
    let relays = PlayedRelays()
    for text in ["/ip4/192.0.2.1/tcp/1", "/ip4/192.0.2.1/tcp/1/p2p/\(peer(1).description)/p2p-circuit/p2p/\(peer(2).description)"] {
        relays.client.reserve(request: 1, relayAddress: address(text), in: relays.node)
        #expect(relays.answers.last == .notReserved(.notARelayAddress))
    }
    #expect(relays.client.order.isEmpty)
}

@Test func aFirstAttemptThatFailsIsAnsweredAndNotRepeated() {
    let failures: [(PlayedRelays) -> Void] = [
        { $0.fail(1) },
        {
            $0.arrive(1)
            $0.refuse(1, 201)
        },
        {
            $0.arrive(1)
            $0.lose(1)
        },
        {
            $0.arrive(1)
            $0.bench.run(.seconds(30))
        },
        {
            $0.arrive(1)
            $0.client.closed($0.asked(1)!, error: .unsupportedProtocol, in: $0.node)
        },
    ]
    let outcome = DialOutcome(peer: peer(1), address: relayAddress(1), result: .failed(.link(errno: 111)), took: .seconds(0))
    let errors: [ReservationError] = [
        .unreachable([outcome]), .refused(status: 201), .stream(.connection(.link(errno: 104))), .timedOut, .stream(.unsupportedProtocol),
    ]
    for (failure, error) in zip(failures, errors) {
        let relays = PlayedRelays()
        relays.reserve(1)
        failure(relays)
        #expect(relays.answers == [.notReserved(error)])
        #expect(relays.states == [.failed(error)])
        #expect(relays.client.order.isEmpty)
        #expect(relays.client.nextDeadline == .distantFuture || relays.client.streams.isEmpty)
    }
}

@Test func reservationsThatAreNoneAreRefused() throws {
    let voucher = try #require(Voucher(relay: peer(1), peer: peer(100), expiration: 1_800_003_600).sealed(by: key(1)))
    let strangers = try #require(Voucher(relay: peer(1), peer: peer(5), expiration: 1_800_003_600).sealed(by: key(1)))
    let forged = try #require(Voucher(relay: peer(1), peer: peer(100), expiration: 1_800_003_600).sealed(by: key(2)))
    let cases: [((inout ReservationAnswer) -> Void, RelayFault?)] = [
        ({ $0.expire = 0 }, .badExpiry),
        ({ $0.expire = 253_402_300_800 }, .badExpiry),
        ({ $0.expire = .max }, .badExpiry),
        ({ $0.voucher = [1, 2, 3] }, .badVoucher),
        ({ $0.voucher = strangers }, .badVoucher),
        ({ $0.voucher = forged }, .badVoucher),
        ({ $0.voucher = voucher }, nil),
        ({ $0.voucher = [] }, nil),
    ]
    for (change, fault) in cases {
        let relays = PlayedRelays()
        relays.reserve(1)
        relays.arrive(1)
        relays.grant(1, change)
        if let fault {
            #expect(relays.answers == [.notReserved(.badAnswer(fault.rawValue))])
        } else {
            #expect(relays.held == [peer(1)])
        }
    }
    let relays = PlayedRelays()
    relays.reserve(1)
    relays.arrive(1)
    relays.send(.status(100, reservation: nil, limit: nil), 1)
    #expect(relays.answers == [.notReserved(.badAnswer(RelayFault.missingReservation.rawValue))])
}

/// The clocks of relay and client may differ by years. The client refreshes in time all the same.
@Test(
    arguments: [
        // The end as the relay's clock has it (ours says 1,800,000,000), what it counts from now, and when we ask again.
        (1_800_003_600, 0, 2700), (1_800_000_016, 0, 12), (1_800_000_140, 20, 15), (1_799_992_800, 3600, 2700), (820_454_400, 20, 15),
        (1_799_992_800, 0, 45), (1_800_000_000, 0, 45), (253_402_300_799, 0, 45),
        (1_800_003_600, .max, 365 * 24 * 2700), (253_402_300_799, 20, 15),
    ] as [(UInt64, UInt64, UInt64)])
func aWrongClockCostsNoReservation(_ expire: UInt64, _ lasts: UInt64, _ refreshedAfter: UInt64) {
    let relays = PlayedRelays()
    relays.reserve(1)
    relays.arrive(1)
    relays.grant(1) {
        $0.expire = expire
        $0.lasts = lasts
    }
    #expect(relays.held == [peer(1)])
    #expect(relays.client.relays[peer(1).bytes]?.nextAttempt == relays.node.now + .seconds(refreshedAfter))
}

@Test func onlyUsableAddressesAreAdvertised() {
    let relays = PlayedRelays()
    relays.reserve(1)
    relays.arrive(1)
    relays.grant(1) {
        $0.addresses = [
            [1, 2, 3],  // nonsense
            address("/ip4/0.0.0.0/tcp/4001").bytes,  // nowhere
            relayAddress(2).bytes,  // somebody else's
            circuitAddress(2).bytes,  // relayed itself
            address("/dns4/relay.example/tcp/443/wss").bytes,  // without the relay's id
            relayAddress(1).bytes, relayAddress(1).bytes,
        ]
    }
    let name = "/dns4/relay.example/tcp/443/wss/p2p/\(peer(1).description)/p2p-circuit"
    // The one that is known to work first.
    #expect(relays.node.addresses.circuits == [circuitAddress(1), address(name)])
}

@Test func aRelayCannotMakeItsClientsAdvertiseWhatIsNotItsOwn() {
    let relays = PlayedRelays()
    relays.reserve(1)
    relays.arrive(1)
    let own = "/p2p/" + peer(1).description
    let long = "/dns4/" + String(repeating: "a", count: 250) + "/tcp/443/tls/sni/" + String(repeating: "b", count: 250) + "/ws"
    let foreign = [
        "/ip4/127.0.0.1/tcp/4001", "/ip6/::1/tcp/4001", "/ip4/10.0.0.5/tcp/22" + own, "/ip4/192.168.1.1/tcp/80/ws",
        "/ip4/169.254.169.254/tcp/80", "/ip6/fd00::1/tcp/1", "/ip6/fe80::1/tcp/1", "/unix/run/socket", "/ip4/203.0.113.9/udp/53",
        "/ip4/203.0.113.9/tcp/25/http", "/tcp/4001", "/p2p/" + peer(1).description, "/ip4/203.0.113.9/tcp/1/p2p/" + peer(3).description,
        "/ip4/203.0.113.9/tcp/443/tls/http", "/webrtc", long,
    ]
    relays.grant(1) { $0.addresses = foreign.map { address($0).bytes } + [relayAddress(1).bytes] }
    #expect(relays.node.addresses.circuits == [circuitAddress(1)])
    // And not without end.
    let many = PlayedRelays()
    many.reserve(1)
    many.arrive(1)
    many.grant(1) { $0.addresses = (1...60).map { Multiaddr.tcp(ip: [203, 0, 113, 9], port: $0).bytes } }
    #expect(many.node.addresses.circuits.count == 16)
}

@Test func aRelayInOnesOwnNetworkMayNameThatNetworksAddresses() {
    let relays = PlayedRelays()
    relays.reserve(1)
    relays.arrive(1, at: "/ip4/192.168.1.1/tcp/4001")
    relays.grant(1) {
        $0.addresses = ["/ip4/203.0.113.9/tcp/1", "/ip4/192.168.1.1/tcp/4001", "/ip4/127.0.0.1/tcp/4001"].map { address($0).bytes }
    }
    let end = "/p2p/\(peer(1).description)/p2p-circuit"
    #expect(
        relays.node.addresses.circuits == [
            address("/ip4/192.168.1.1/tcp/4001" + end), address("/ip4/203.0.113.9/tcp/1" + end), address("/ip4/127.0.0.1/tcp/4001" + end),
        ])
}

@Test func aRelayThatNamesNoAddressIsAdvertisedWhereItWasDialled() {
    let relays = PlayedRelays()
    relays.reserve(1)
    relays.arrive(1)
    relays.grant(1) { $0.addresses = [] }
    #expect(relays.node.addresses.circuits == [circuitAddress(1)])
}

@Test func aReservationIsRefreshedAtThreeQuartersAndStaysMeanwhile() {
    let relays = PlayedRelays()
    relays.hold(1)
    _ = relays.bench.take()
    relays.bench.run(.seconds(2699))
    #expect(relays.asked(1) == nil)
    relays.bench.run(.seconds(1))
    #expect(relays.asked(1) != nil)
    #expect(relays.held == [peer(1)])
    #expect(relays.node.addresses.circuits == [circuitAddress(1)])
    relays.grant(1)
    #expect(relays.states == [.refreshed])
    #expect(relays.client.reservations[0].expires == 1_800_006_300)
}

@Test func aRelayCannotMakeUsAskAllTheTime() {
    let relays = PlayedRelays()
    relays.reserve(1)
    relays.arrive(1)
    relays.grant(1) { $0.expire = 1_800_000_035 }  // three quarters are 26 s
    relays.bench.run(.seconds(29))
    #expect(relays.asked(1) == nil)
    relays.bench.run(.seconds(1))
    #expect(relays.asked(1) != nil)
    relays.grant(1) { $0.expire = 1_800_000_031 }  // one second left
    relays.bench.run(.milliseconds(900))
    #expect(relays.asked(1) == nil)
}

@Test func aFailedRefreshKeepsTheReservationUntilItsEnd() {
    let relays = PlayedRelays()
    relays.hold(1)
    relays.bench.run(.seconds(2700))
    relays.refuse(1, 200)
    #expect(relays.held == [peer(1)])
    // Tried again, with growing pauses.
    var tries = 0
    for _ in 0..<880 {
        relays.bench.run(.seconds(1))
        if relays.asked(1) != nil {
            tries += 1
            relays.refuse(1, 200)
        }
    }
    #expect(tries > 10 && tries < 70)
    #expect(relays.held == [peer(1)])
    relays.bench.run(.seconds(25))
    #expect(relays.held.isEmpty)
    #expect(relays.states.contains(.lost))
}

@Test func aRestartingRelayChangesNothing() {
    let relays = PlayedRelays()
    relays.hold(1)
    _ = relays.bench.take()
    let changes = relays.bench.addressChanges
    relays.lose(1)
    #expect(relays.states == [.lost])
    #expect(relays.held.isEmpty)
    #expect(!relays.node.connections.isProtected(peer(1)))
    // Away for twenty seconds: tried at once, then after about 1, 2, 4 and 8 s.
    var tries: [UInt64] = []
    for second in 0..<20 as Range<UInt64> {
        relays.bench.run(.seconds(1))
        if relays.requested() == [peer(1)] {
            tries.append(second)
            relays.fail(1)
        }
    }
    #expect(tries.first == 0)
    #expect(tries.count >= 4 && tries.count <= 6)
    #expect(relays.node.addresses.circuits == [circuitAddress(1)])
    relays.bench.run(.seconds(16))
    relays.arrive(1)
    relays.grant(1)
    #expect(relays.states.last == .made)
    #expect(relays.node.addresses.circuits == [circuitAddress(1)])
    relays.bench.collect()
    #expect(relays.bench.addressChanges == changes)
}

@Test func aRelayThatStaysAwayIsNoLongerAdvertisedButStillTried() {
    let relays = PlayedRelays()
    relays.hold(1)
    relays.lose(1)
    var tries = 0
    for second in 0..<600 {
        relays.bench.run(.seconds(1))
        if second == 58 { #expect(relays.node.addresses.circuits == [circuitAddress(1)]) }
        if second == 61 { #expect(relays.node.addresses.circuits.isEmpty) }
        if relays.requested() == [peer(1)] {
            tries += 1
            relays.fail(1)
        }
    }
    // Never more than 20 s apart.
    #expect(tries >= 35 && tries <= 75)
    relays.bench.run(.seconds(20))
    relays.arrive(1)
    relays.grant(1)
    #expect(relays.node.addresses.circuits == [circuitAddress(1)])
}

@Test func aRelayThatComesByItselfIsAskedAtOnce() {
    let relays = PlayedRelays()
    relays.hold(1)
    relays.lose(1)
    relays.links[1] = relays.bench.connect(1, at: "/ip4/192.0.2.1/tcp/4001")
    relays.grant(1)
    #expect(relays.held == [peer(1)])
}

@Test func theLossOfOneOfTwoConnectionsIsNoLoss() {
    let relays = PlayedRelays()
    relays.hold(1)
    let other = relays.bench.connect(1, at: "/ip4/192.0.2.1/tcp/4001")
    _ = relays.bench.take()
    relays.lose(1)
    #expect(relays.held == [peer(1)])
    // The other may lead to a relay that was restarted since: it is asked.
    #expect(relays.asked(1)?.link == other.id)
    relays.grant(1)
    #expect(relays.states == [.refreshed])
}

@Test func aReleasedRelayIsForgotten() {
    let relays = PlayedRelays()
    relays.hold(1)
    relays.client.release(peer(1), in: relays.node)
    #expect(relays.node.addresses.circuits.isEmpty)
    #expect(relays.states.last == .lost)
    #expect(!relays.node.connections.isProtected(peer(1)))
    relays.lose(1)
    relays.bench.run(.seconds(4000))
    #expect(relays.requested().isEmpty)
    #expect(relays.client.nextDeadline == .distantFuture)
}

@Test func aCancelledRequestIsAnsweredOnceAndGivesUp() {
    let relays = PlayedRelays()
    relays.reserve(1, request: 8)
    #expect(relays.client.cancel(request: 8, in: relays.node))
    #expect(!relays.client.cancel(request: 8, in: relays.node))
    #expect(relays.answers == [.cancelled])
    relays.arrive(1)
    #expect(relays.asked(1) == nil)
    #expect(relays.answers == [.cancelled])
}
