import CausewayConnection
import CausewayIdentity
import Testing

@testable import CausewayNode

private let wide = "/ip4/203.0.113.1/tcp/4001"

extension NodeBench {
    /// Somebody said that a peer is there.
    fileprivate func hear(_ number: UInt8, _ addresses: [String]) {
        node.context.peers.add(addresses.map { address($0) }, of: peer(number), source: .discovery, now: now)
    }

    fileprivate func listen(_ addresses: [String]) {
        node.listening(addresses.map { address($0) }, now: now)
        drain()
    }

    /// Hears of an address and says whether it is dialled.
    fileprivate func dialsWhatItHears(_ text: String) -> Bool {
        hear(7, [text])
        connect(1, 7, [])
        return dials.contains { $0.address == text }
    }
}

@Suite struct HearsayFilterTests {
    @Test func whatOthersNameInThisMachineOrItsNetworkIsNotDialled() {
        let bench = NodeBench()
        bench.listen(["/ip4/127.0.0.1/tcp/4001", "/ip4/172.17.0.1/tcp/4001", "/ip4/198.51.100.1/tcp/4001"])
        let local = [
            "/ip4/127.0.0.1/tcp/1", "/ip4/10.0.0.5/tcp/1", "/ip4/172.17.0.2/tcp/1", "/ip4/192.168.1.1/tcp/80/ws",
            "/ip4/169.254.169.254/tcp/80", "/ip6/::1/tcp/1", "/ip6/fd00::1/tcp/1", "/ip6/fe80::1/tcp/1", "/ip6/::ffff:127.0.0.1/tcp/1",
        ]
        bench.hear(7, local + [wide])
        bench.connect(1, 7, [])
        bench.wait(.seconds(1))
        #expect(bench.dials.map { $0.address } == [wide])
        bench.feed(.closed(.link(errno: 111)), bench.link(to: wide))
        let outcomes = bench.failures(of: 1)
        #expect(outcomes.count == local.count + 1 && local.allSatisfy { outcomes[$0] == .hearsay })
        // What the user names is dialled, whoever said it before.
        bench.connect(2, 7, [local[0], local[1]])
        bench.wait(.milliseconds(100))
        #expect(Set(bench.dials.map { $0.address }) == [wide, local[0], local[1]])
        bench.node.addAddresses([address(local[3])], of: peer(8), now: bench.now)
        bench.connect(3, 8, [])
        #expect(bench.dials.last?.address == local[3])
    }

    /// A router's address outside says nothing about who is inside.
    @Test func whereOthersSeeANodeItsNetworkStaysItsNetwork() {
        let bench = NodeBench()
        bench.listen(["/ip4/192.168.1.2/tcp/4001"])
        let outside = OwnAddress(address("/ip4/198.51.100.9/tcp/4001"), .observed(by: 9), .reachable)
        bench.node.context.addresses.replace(.observed, by: [outside], in: bench.node.context)
        #expect(bench.node.context.addresses.direct.count == 2 && bench.dialsWhatItHears("/ip4/192.168.1.7/tcp/4001"))
    }

    @Test func theUserMayNameWhatWasRefusedInTheSameDial() {
        let bench = NodeBench()
        bench.hear(7, ["/ip4/10.0.0.5/tcp/1", wide])
        bench.connect(1, 7, [])
        #expect(bench.dials.map { $0.address } == [wide])
        bench.connect(2, 7, ["/ip4/10.0.0.5/tcp/1"])
        #expect(bench.dials.map { $0.address } == [wide, "/ip4/10.0.0.5/tcp/1"])
    }

    @Test(arguments: [
        (["/ip4/127.0.0.1/tcp/1", "/ip4/192.168.7.2/tcp/1"], "/ip4/192.168.7.9/tcp/1", true),
        (["/ip4/127.0.0.1/tcp/1", "/ip4/192.168.7.2/tcp/1"], "/ip4/127.0.0.1/tcp/9", false),
        // At home: a private IPv4 address and an IPv6 address for all.
        (["/ip4/192.168.7.2/tcp/1", "/ip6/2001:db8::1/tcp/1"], "/ip4/192.168.7.9/tcp/1", true),
        (["/ip4/192.168.7.2/tcp/1", "/ip6/2001:db8::1/tcp/1"], "/ip6/fd00::1/tcp/1", false),
        (["/ip4/127.0.0.1/tcp/1"], "/ip4/127.0.0.1/tcp/9", true),
        (["/ip4/127.0.0.1/tcp/1"], "/ip4/192.168.7.9/tcp/1", false),
        (["/ip6/::1/tcp/1"], "/ip6/::1/tcp/9", true),
        (["/dns4/relay.example/tcp/1", "/ip4/10.0.0.1/tcp/1"], "/ip4/10.0.0.2/tcp/1", false),
        ([], "/ip4/127.0.0.1/tcp/9", false), ([], "/ip4/10.0.0.2/tcp/1", false), ([], wide, true),
    ])
    func aNodeDialsWhatIsOfItsOwnReach(_ own: [String], _ heard: String, _ isDialled: Bool) {
        let bench = NodeBench()
        bench.listen(own)
        #expect(bench.dialsWhatItHears(heard) == isDialled)
        #expect(NodeBench { $0.allowsLocalHearsay = true }.dialsWhatItHears(heard))
    }

    @Test func aNodeThatListensNowhereIsWhereItsConnectionsAre() {
        let bench = NodeBench()
        bench.connect(9, 9, [wide])
        bench.stand(bench.link(to: wide))
        bench.establish(bench.link(to: wide), 9)
        // Its own address of that connection is 10.0.0.1.
        #expect(bench.dialsWhatItHears("/ip4/10.0.0.5/tcp/1"))
        bench.hear(8, ["/ip4/127.0.0.1/tcp/1"])
        bench.connect(2, 8, [])
        #expect(bench.failures(of: 2) == ["/ip4/127.0.0.1/tcp/1": .hearsay])
    }

    @Test(arguments: [false, true])
    func pathsAndHostsOfRequestsAreTheUsersAlone(_ allowsLocal: Bool) {
        let bench = NodeBench { $0.allowsLocalHearsay = allowsLocal }
        let steering = [
            "/ip4/203.0.113.5/tcp/80/ws/http-path/admin%2Fdelete%3Fid=1", "/ip4/203.0.113.5/tcp/80/sni/internal.example/ws",
            "/ip4/203.0.113.5/tcp/443/tls/sni/internal.example/ws/http-path/admin", "/dns4/relay.example/tcp/80/ws/http-path/admin",
        ]
        bench.hear(7, steering)
        bench.connect(1, 7, [])
        #expect(bench.dials.isEmpty && bench.lookUps.isEmpty)
        #expect(bench.failures(of: 1).values.allSatisfy { $0 == .hearsay } && bench.failures(of: 1).count == 4)
        // By TLS a server proves its name.
        bench.hear(8, ["/ip4/203.0.113.5/tcp/443/tls/sni/relay.example/ws"])
        bench.connect(2, 8, [])
        #expect(bench.dials.count == 1)
        bench.connect(3, 9, [steering[0]])
        #expect(bench.dials.last?.address == steering[0])
    }

    @Test func namesAreJudgedByWhatTheyStandFor() {
        let bench = NodeBench()
        bench.hear(7, ["/dns4/rebound.example/tcp/80/ws"])
        bench.connect(1, 7, [])
        bench.resolve(bench.lookUps[0].request, ["/ip4/127.0.0.1/tcp/80/ws", "/ip4/10.0.0.5/tcp/80/ws", "/ip4/203.0.113.5/tcp/80/ws"])
        bench.wait(.seconds(1))
        #expect(bench.dials.map { $0.address } == ["/ip4/203.0.113.5/tcp/80/ws"])
        // A name that the user gives may stand for anything.
        bench.connect(2, 8, ["/dns4/localhost/tcp/1"])
        bench.resolve(bench.lookUps[1].request, ["/ip4/127.0.0.1/tcp/1"])
        #expect(bench.dials.last?.address == "/ip4/127.0.0.1/tcp/1")
    }

    @Test func aPageDialsNoNamesOfThisMachineOrItsNetwork() {
        let bench = NodeBench { $0.transports = [.webSocket, .secureWebSocket, .hostNames] }
        let local = [
            "/dns4/localhost/tcp/80/ws", "/dns4/x.LOCALHOST/tcp/80/ws", "/dns4/printer.local/tcp/443/wss", "/dns4/router/tcp/443/wss",
            "/ip4/192.168.1.5/tcp/80/ws", "/ip4/127.0.0.1/tcp/80/ws",
        ]
        bench.hear(7, local + ["/dns4/relay.example/tcp/443/wss"])
        bench.connect(1, 7, [])
        bench.wait(.seconds(1))
        #expect(bench.dials.map { $0.address } == ["/dns4/relay.example/tcp/443/wss"])
        bench.connect(2, 8, [local[0]])
        #expect(bench.dials.last?.address == local[0])
    }

    @Test func circuitsAreJudgedByTheirRelay() {
        let bench = NodeBench()
        let circuit = "/ip4/10.0.0.9/tcp/1/p2p/\(peer(9).description)/p2p-circuit"
        bench.hear(7, [circuit])
        bench.connect(1, 7, [], limited: true)
        bench.wait(.seconds(1))
        #expect(bench.dials.isEmpty && bench.failures(of: 1) == [circuit: .hearsay])
        // Nobody has to be dialled to reach a relay that is connected.
        bench.inbound(9)
        bench.hear(8, [circuit])
        bench.connect(2, 8, [], limited: true)
        #expect(bench.opened(HopCodec.hopID).count == 1 && bench.dials.isEmpty)
    }
}

@Suite struct HearsayPaceTests {
    @Test func fewAddressesOfAHeardPeerAreDialledAndCircuitsGetTheirTurn() {
        let bench = NodeBench()
        let circuit = "/ip4/203.0.113.200/tcp/1/p2p/\(peer(9).description)/p2p-circuit"
        bench.hear(7, (1...31).map { "/ip4/203.0.113.\($0)/tcp/1" } + [circuit])
        bench.connect(1, 7, [], limited: true)
        bench.wait(.seconds(20))
        let relay = "/ip4/203.0.113.200/tcp/1"
        #expect(bench.dials.map { $0.address }.filter { $0 != relay } == (1...6).map { "/ip4/203.0.113.\($0)/tcp/1" })
        #expect(bench.dials.contains { $0.address == relay })
    }

    @Test func oneHostIsDialledTwiceAtOnceAndFourTimesASecond() {
        let bench = NodeBench()
        for number in UInt8(1)...8 {
            bench.hear(number, (1...6).map { "/ip4/203.0.113.1/tcp/\(Int(number) * 10 + $0)" })
            bench.connect(UInt32(number), number, [])
        }
        #expect(bench.dials.count == 2)
        bench.wait(.seconds(2))
        #expect(bench.dials.count == 2)
        // Who names it himself is not held back, nor are other hosts.
        bench.connect(20, 20, ["/ip4/203.0.113.1/tcp/9"])
        bench.hear(21, ["/ip4/203.0.113.2/tcp/9"])
        bench.connect(21, 21, [])
        #expect(bench.dials.map { $0.address }.suffix(2) == ["/ip4/203.0.113.1/tcp/9", "/ip4/203.0.113.2/tcp/9"])
        var closed = 0
        for _ in 0..<40 {
            #expect(bench.dials.count - closed <= 4)
            while closed < bench.dials.count {
                bench.feed(.closed(.link(errno: 111)), bench.dials[closed].link)
                closed += 1
            }
            bench.wait(.milliseconds(100))
        }
        let heard = bench.dials.filter { $0.address.hasPrefix("/ip4/203.0.113.1/") }.count - 1
        #expect((16...22).contains(heard), "\(heard) in 4 s")
    }

    @Test func allHearsayTogetherKeepsToItsPace() {
        let bench = NodeBench()
        for number in UInt8(1)...20 {
            bench.hear(number, (1...6).map { "/ip4/203.0.\(number).\($0)/tcp/1" })
            bench.connect(UInt32(number), number, [])
        }
        bench.wait(.milliseconds(999))
        #expect(bench.dials.count == 32)
        bench.wait(.milliseconds(2))
        #expect(bench.dials.count > 32)
        bench.wait(.milliseconds(998))
        #expect(bench.dials.count == 64)
    }

    @Test func aDialThatIsOverDoesNotBegin() {
        let bench = NodeBench { $0.limits.dials = 1 }
        bench.connect(1, 7, [wide])
        bench.connect(2, 8, ["/ip4/203.0.113.2/tcp/1"])
        // The node was busy for longer than both may take, and the end of the first is what it hears of first.
        bench.stall(.seconds(20))
        bench.feed(.closed(.link(errno: 111)), bench.link(to: wide))
        #expect(bench.dials.map { $0.address } == [wide])
        bench.wait(.seconds(1))
        #expect(bench.dials.count == 1)
        #expect(bench.failures(of: 2) == ["/ip4/203.0.113.2/tcp/1": .cancelled])
        #expect(bench.node.services.dialer.order.isEmpty)
    }

    // MARK: Names

    @Test func namesCountAsDials() {
        let bench = NodeBench { $0.limits.dials = 3 }
        bench.connect(1, 7, (1...6).map { "/dns4/\($0).example/tcp/1" } + [wide])
        #expect(bench.lookUps.count == 3 && bench.dials.isEmpty)
        bench.resolve(bench.lookUps[0].request, [], code: 8)
        #expect(bench.lookUps.count == 4)
        for index in 1..<4 { bench.resolve(bench.lookUps[index].request, [], code: 8) }
        for index in 4..<6 { bench.resolve(bench.lookUps[index].request, [], code: 8) }
        #expect(bench.lookUps.count == 6 && bench.dials.map { $0.address } == [wide])
    }

    @Test func namesLeaveRoomForAddresses() {
        let bench = NodeBench()
        bench.connect(1, 7, (1...20).map { "/dns4/\($0).example/tcp/1" } + [wide])
        #expect(bench.lookUps.count == 4 && bench.dials.map { $0.address } == [wide])
    }

    @Test func slowNamesOfStrangersHoldNobodyUp() {
        let bench = NodeBench()
        for number in UInt8(1)...30 {
            bench.hear(number, (1...32).map { "/dns4/\(number).\($0).example/tcp/1" })
            bench.connect(UInt32(number), number, [])
        }
        let most = bench.node.context.limits.heardLookUps
        #expect(bench.lookUps.count == most)
        bench.connect(100, 100 + 7, ["/dns4/localhost/tcp/1"])
        #expect(bench.lookUps.count == most + 1 && bench.lookUps.last?.address == "/dns4/localhost/tcp/1")
        // None of them is ever answered: few are asked for, and none is left when their dials are over.
        bench.wait(.seconds(60))
        #expect(bench.lookUps.count <= most * 3 + 1)
        #expect(bench.node.services.dialer.byLink.keys.isEmpty)
        let ended = bench.lookUps.filter { bench.outputs.contains(.cancelResolve(request: $0.request)) }
        #expect(ended.count == bench.lookUps.count)
    }

    @Test func namesThatAreAnsweredAreLookedUpTwoForEachPeer() {
        let bench = NodeBench()
        bench.hear(7, (1...32).map { "/dns4/\($0).example/tcp/1" })
        bench.connect(1, 7, [])
        var answered = 0
        for _ in 0..<50 {
            while answered < bench.lookUps.count {
                bench.resolve(bench.lookUps[answered].request, [], code: 8)
                answered += 1
            }
            bench.wait(.milliseconds(100))
        }
        #expect(answered == 2 && bench.answers(to: 1).count == 1)
    }

    @Test func aLookUpEndsWithItsDial() {
        let bench = NodeBench()
        bench.connect(1, 7, ["/dns4/example.com/tcp/1"])
        bench.node.cancel(request: 1, now: bench.now)
        bench.drain()
        #expect(bench.outputs.contains(.cancelResolve(request: bench.lookUps[0].request)))
    }
}

@Suite struct FollowingTests {
    private static let topic = DiscoveryTopic(name: DiscoveryTopic.protobuf.name, form: .protobuf, dials: true)

    private func node(_ configure: (inout NodeConfiguration) -> Void = { _ in }) -> NodeBench {
        NodeBench {
            $0.gossip = GossipSubConfiguration()
            $0.discovery = [Self.topic]
            configure(&$0)
        }
    }

    /// - Parameter from: the neighbour that brings it; nil: the peer itself.
    private func announce(_ seed: Int, _ addresses: [Multiaddr], from: PeerID? = nil, to bench: NodeBench) throws {
        var bytes = [UInt8](repeating: 7, count: 32)
        for index in 0..<4 { bytes[index] = UInt8(truncatingIfNeeded: seed >> (8 * index)) }
        let key = try PrivateKey(ed25519Seed: bytes).publicKey
        let message = GossipMessage(
            author: key.peerID, receivedFrom: from ?? key.peerID, topic: Self.topic.name, data: Announcement.protobuf(key, addresses),
            sequenceNumber: [])
        bench.node.part(PubsubDiscovery.self)?.messageReceived(message, in: bench.node.context)
        bench.node.advance(to: bench.now)
        bench.drain()
    }

    @Test func whoAnnouncesHimselfIsDialled() throws {
        let bench = node()
        try announce(1, [address(wide)], to: bench)
        #expect(bench.dials.map { $0.address } == [wide])
        // Again while that goes on: once is enough.
        try announce(1, [address(wide)], to: bench)
        #expect(bench.dials.count == 1)
        // And while it is held back after a failure.
        bench.feed(.closed(.link(errno: 111)), bench.link(to: wide))
        bench.clear()
        try announce(1, [address(wide)], to: bench)
        #expect(bench.dials.isEmpty)
    }

    @Test func fewAnnouncementsAreFollowedAtOnce() throws {
        let bench = node()
        for number in 1...100 { try announce(number, [Multiaddr.tcp(ip: [203, 0, 113, UInt8(number)], port: 1)], to: bench) }
        #expect(bench.dials.count == 8 && bench.node.services.dialer.order.count == 8)
        // Their time is short, and others come after them.
        bench.wait(.seconds(8))
        #expect(bench.node.services.dialer.order.isEmpty)
        try announce(200, [address("/ip4/203.0.113.200/tcp/1")], to: bench)
        #expect(bench.dials.last?.address == "/ip4/203.0.113.200/tcp/1")
    }

    /// 4,000 announcements of 32 addresses in 25 s, each refused at once: one host, then as many hosts as there are addresses.
    @Test(arguments: [(true, 110), (false, 850)])
    func manyAnnouncementsMakeFewConnections(_ isOneHost: Bool, _ most: Int) throws {
        let bench = node()
        var connections = 0
        for number in 0..<4000 {
            let addresses = (0..<32).map { index -> Multiaddr in
                let ip: [UInt8] = isOneHost ? [203, 0, 113, 66] : [198, 51, UInt8(number % 256), UInt8(index)]
                return Multiaddr.tcp(ip: ip, port: UInt16(1000 + number % 1000 * 32 + index))
            }
            try announce(number, addresses, to: bench)
            if number % 16 == 15 { bench.wait(.milliseconds(100)) }
            let dials = bench.dials
            bench.clear()
            for (link, _) in dials { bench.feed(.closed(.link(errno: 111)), link) }
            connections += dials.count
        }
        #expect((90...most).contains(connections), "\(connections)")
        #expect(bench.node.services.dialer.order.count <= 8)
    }

    @Test func aNeighbourHasHalfOfTheDials() throws {
        let bench = node()
        for number in 1...20 {
            try announce(number, [Multiaddr.tcp(ip: [203, 0, 113, UInt8(number)], port: 1)], from: peer(1), to: bench)
        }
        #expect(bench.dials.count == 4)
        try announce(30, [Multiaddr.tcp(ip: [203, 0, 113, 30], port: 1)], from: peer(2), to: bench)
        #expect(bench.dials.count == 5)
    }
}
