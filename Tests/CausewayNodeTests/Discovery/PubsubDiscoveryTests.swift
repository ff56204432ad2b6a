import CausewayConnection
import CausewayIdentity
import Testing

@testable import CausewayNode

@Suite struct PubsubDiscoveryTests {
    private func network(_ topics: [DiscoveryTopic], _ count: Int = 3) throws -> GossipNetwork {
        let network = GossipNetwork((0..<count).map { GossipHost($0, discovery: topics) })
        for host in network.hosts {
            host.state.addresses.replaceBound(by: [try Multiaddr("/ip4/192.0.2.\(host.index + 1)/tcp/4001")], in: host.state)
        }
        network.run(.milliseconds(10))
        return network
    }

    private func found(by host: GossipHost) -> [(peer: PeerID, addresses: [Multiaddr], source: DiscoverySource)] {
        host.events.compactMap {
            guard case .happened(.discovered(let peer, let addresses, let source)) = $0 else { return nil }
            return (peer, addresses, source)
        }
    }

    @Test(arguments: [DiscoveryTopic.protobuf, DiscoveryTopic.json])
    func peersFindEachOtherThroughAThird(topic: DiscoveryTopic) throws {
        let network = try network([topic])
        network.connect(1, 0)
        network.connect(2, 0)
        network.run(.seconds(3))
        for host in network.hosts {
            let others = network.hosts.filter { $0 !== host }
            for other in others {
                let one = try #require(found(by: host).first { $0.peer == other.peer }, "\(host.index) finds \(other.index)")
                #expect(one.addresses == other.state.addresses.direct)
                #expect(one.source == (topic.form == .json ? .pubsubJSON : .pubsubProtobuf))
                #expect(host.state.peers.addresses(of: other.peer, now: network.now) == other.state.addresses.direct)
            }
            #expect(!found(by: host).contains { $0.peer == host.peer })
            #expect(host.messages.isEmpty, "the application did not join the topic")
        }
    }

    @Test func aPeerIsToldOfOnceInWhateverForm() throws {
        let network = try network([.protobuf, .json], 2)
        network.connect(0, 1)
        network.run(.seconds(1))
        #expect(found(by: network.hosts[0]).count == 1)
        network.run(.seconds(60))
        #expect(found(by: network.hosts[0]).count == 1, "though it announces itself every 10 s")
    }

    @Test func aPeerThatComesBackIsToldOfAgain() throws {
        let network = try network([.protobuf], 2)
        network.connect(0, 1)
        network.run(.seconds(1))
        let (host, other) = (network.hosts[0], network.hosts[1])
        network.disconnect(0, 1)
        for link in [host, other] { link.discovery?.linkClosed(GossipHost.lost(link === host ? other : host), in: link.state) }
        network.connect(0, 1)
        network.run(.seconds(12))
        #expect(found(by: host).count == 2 && found(by: other).count == 2)
    }

    @Test func whatIsRememberedOfPeersIsBounded() throws {
        let host = GossipHost(0, discovery: [.json])
        let discovery = try #require(host.discovery)
        let address = try Multiaddr("/ip4/192.0.2.1/tcp/1")
        func hear(_ index: Int) {
            let peer = PeerID(ofKey: [UInt8](repeating: 1, count: 60) + [UInt8(index & 0xff), UInt8(index >> 8)])
            discovery.messageReceived(
                GossipMessage(
                    author: peer, receivedFrom: peer, topic: DiscoveryTopic.json.name, data: Announcement.json(peer, [address]),
                    sequenceNumber: []), in: host.state)
        }
        func told() -> Int { host.drain().count { if case .event(.happened(.discovered)) = $0 { true } else { false } } }
        let limit = NodeLimits().storedPeers
        for index in 0..<limit { hear(index) }
        #expect(told() == limit)
        hear(0)
        #expect(told() == 0)
        hear(limit)
        hear(0)
        #expect(told() == 2, "at the limit all are forgotten")
    }

    @Test func changedAddressesAreToldAtOnce() throws {
        let network = try network([.protobuf], 2)
        network.connect(0, 1)
        network.run(.seconds(3))
        let host = network.hosts[1]
        let relay = GossipHost.key(9).publicKey.peerID
        let circuit = try Multiaddr("/ip4/192.0.2.9/tcp/4001/p2p/\(relay)/p2p-circuit")
        host.state.addresses.replaceCircuits(by: [circuit], in: host.state)
        host.discovery?.addressesChanged(in: host.state)
        network.run(.milliseconds(300))
        #expect(found(by: network.hosts[0]).last?.addresses == host.state.addresses.direct + [circuit])
    }

    @Test func listenersHearAndAreSilent() throws {
        let quiet = DiscoveryTopic(name: DiscoveryTopic.json.name, form: .json, listenOnly: true)
        let network = GossipNetwork([GossipHost(0, discovery: [quiet]), GossipHost(1, discovery: [.json])])
        network.run(.milliseconds(10))
        network.connect(0, 1)
        network.run(.seconds(12))
        #expect(found(by: network.hosts[0]).count == 1 && found(by: network.hosts[1]).isEmpty)
    }

    @Test func aCrowdOfNewSubscribersDoesNotMakeAStorm() throws {
        let network = try network([.protobuf], 60)
        for index in 1..<60 { network.connect(index, 0) }
        network.run(.seconds(2))
        #expect(found(by: network.hosts[1]).filter { $0.peer == network.hosts[0].peer }.count <= 2)
    }

    @Test func onlyAPeerItselfIsBelieved() throws {
        let network = try network([.protobuf, .json], 2)
        network.connect(0, 1)
        network.run(.seconds(1))
        let (liar, host) = (network.hosts[0], network.hosts[1])
        let before = found(by: host).count
        let victim = GossipHost.key(5).publicKey
        let address = try Multiaddr("/ip4/203.0.113.1/tcp/1")
        _ = try liar.gossip.publish(Announcement.protobuf(victim, [address]), on: DiscoveryTopic.protobuf.name, in: liar.state)
        _ = try liar.gossip.publish(Announcement.json(victim.peerID, [address]), on: DiscoveryTopic.json.name, in: liar.state)
        _ = try liar.gossip.publish([0xff, 0xff], on: DiscoveryTopic.protobuf.name, in: liar.state)
        _ = try liar.gossip.publish([0xff, 0xff], on: DiscoveryTopic.json.name, in: liar.state)
        network.run(.seconds(1))
        #expect(found(by: host).count == before)
        #expect(host.state.peers.addresses(of: victim.peerID, now: network.now).isEmpty)
    }
}

@Suite struct AnnouncementTests {
    @Test func bothFormsCarryAddressesWithTheirPeer() throws {
        let key = GossipHost.key(1).publicKey
        let relay = GossipHost.key(2).publicKey.peerID
        let addresses = [
            try Multiaddr("/ip4/192.0.2.1/tcp/4001"), try Multiaddr("/dns4/relay.example/tcp/443/tls/ws/p2p/\(relay)/p2p-circuit"),
        ]
        #expect(
            try Announcement(protobuf: Announcement.protobuf(key, addresses), limit: 32)
                == Announcement(json: Announcement.json(key.peerID, addresses), limit: 32))
        let heard = try Announcement(protobuf: Announcement.protobuf(key, addresses), limit: 32)
        #expect(heard.peer == key.peerID && heard.addresses == addresses)
        let json = try JSON(parsing: Announcement.json(key.peerID, addresses))
        #expect(json["peerId"]?.text == "\(key.peerID)")
        #expect(json["addrs"]?.array?.first?.text == "/ip4/192.0.2.1/tcp/4001/p2p/\(key.peerID)")
    }

    @Test func whatIsWrongIsLeftOutOrRefused() throws {
        let peer = GossipHost.key(1).publicKey.peerID
        let other = GossipHost.key(2).publicKey.peerID
        let mixed: JSON = [
            "peerId": .string(peer.text),
            "addrs": [
                .text("/ip4/192.0.2.1/tcp/1/p2p/\(other)"), "nonsense", 7, "/ip4/192.0.2.2/tcp/2",
                .text("/ip4/192.0.2.3/tcp/3/p2p/\(peer)"),
            ],
            "more": ["a": 1],
        ]
        let heard = try Announcement(json: mixed.bytes, limit: 32)
        #expect(heard.addresses == [try Multiaddr("/ip4/192.0.2.2/tcp/2"), try Multiaddr("/ip4/192.0.2.3/tcp/3")])
        #expect(try Announcement(json: mixed.bytes, limit: 1).addresses.isEmpty)
        for text in ["", "[]", "{}", "{\"peerId\":1}", "{\"peerId\":\"x\"}", "{\"peerId\":\"\(peer)\"", "{\"peerId\":[[[[[[]]]]]]}"] {
            #expect(throws: Announcement.Fault.self) { try Announcement(json: [UInt8](text.utf8), limit: 32) }
        }
        for bytes: [UInt8] in [[], [0x0a], [0x0a, 2, 1, 1], [0x08, 1], [0x12, 1, 4]] {
            #expect(throws: Announcement.Fault.self) { try Announcement(protobuf: bytes, limit: 32) }
        }
        var many = ProtobufWriter()
        many.content(1, GossipHost.key(1).publicKey.protobuf)
        for _ in 0..<1000 { many.content(2, try Multiaddr("/ip4/192.0.2.2/tcp/2").bytes) }
        #expect(try Announcement(protobuf: many.bytes, limit: 32).addresses.count == 32)
    }
}
