import CausewayConnection
import CausewayIdentity
import Testing

@testable import CausewayNode

private let aliceAddress = "/ip4/192.0.2.1/tcp/4001"
private let bobAddress = "/ip4/192.0.2.2/tcp/4001"

@Test func twoThatDialEachOtherKeepOneConnection() {
    let network = NodeNetwork()
    let alice = network.add(1, at: aliceAddress)
    let bob = network.add(2, at: bobAddress)
    network.holdsHandshakes = true
    alice.connect(request: 1, peer: bob.peerID, addresses: [address(bobAddress)], allowsLimited: false, now: network.now)
    bob.connect(request: 1, peer: alice.peerID, addresses: [address(aliceAddress)], allowsLimited: false, now: network.now)
    network.run()
    network.holdsHandshakes = false
    network.run()
    for node in [alice, bob] {
        let answers = network.events(of: node).filter { if case .answered(1, .connected) = $0 { true } else { false } }
        #expect(answers.count == 1)
        #expect(node.connectionDescriptions.count == 2)
    }
    // Both use the one that the smaller peer id dialled.
    let first = alice.context.connections.isSmaller(than: bob.peerID) ? alice : bob
    #expect(alice.bestConnection(to: bob.peerID, allowsLimited: false)?.isInbound == (first !== alice))
    #expect(bob.bestConnection(to: alice.peerID, allowsLimited: false)?.isInbound == (first !== bob))
    network.wait(.seconds(30))
    for node in [alice, bob] {
        #expect(node.connectionDescriptions.count == 1)
        #expect(!network.events(of: node).contains { if case .happened(.peerDisconnected) = $0 { true } else { false } })
    }
    #expect(alice.connectionDescriptions[0].isInbound == (first !== alice))
}

@Test func connectionInUseOutlivesItsDouble() throws {
    let network = NodeNetwork()
    let alice = network.add(1, at: aliceAddress)
    let bob = network.add(2, at: bobAddress)
    network.holdsHandshakes = true
    alice.connect(request: 1, peer: bob.peerID, addresses: [address(bobAddress)], allowsLimited: false, now: network.now)
    bob.connect(request: 1, peer: alice.peerID, addresses: [address(aliceAddress)], allowsLimited: false, now: network.now)
    network.run()
    network.holdsHandshakes = false
    network.run()
    for connection in alice.connectionDescriptions { try network.use(connection.id, of: alice) }
    network.wait(.seconds(60))
    #expect(alice.connectionDescriptions.count == 2 && bob.connectionDescriptions.count == 2)
    network.rest()
    network.wait(.seconds(20))
    #expect(alice.connectionDescriptions.count == 1 && bob.connectionDescriptions.count == 1)
}

@Test func newestOfOneKindWins() {
    let bench = NodeBench()
    let old = bench.inbound(7)
    bench.wait(.seconds(60))
    let new = bench.inbound(7)
    #expect(bench.node.bestLink(for: peer(7), allowsLimited: false) == new)
    #expect(bench.events.filter { $0 == .peerConnected(peer(7)) }.count == 1)
    bench.feed(.closed(.link(errno: 104)), new)
    #expect(bench.node.bestLink(for: peer(7), allowsLimited: false) == old)
    #expect(!bench.events.contains(.peerDisconnected(peer(7))))
    bench.feed(.closed(.link(errno: 104)), old)
    #expect(bench.events.last == .peerDisconnected(peer(7)))
}

@Test(arguments: [CircuitLimit(bytes: 1000, seconds: nil), nil]) func directConnectionReplacesARelayedOne(limit: CircuitLimit?) {
    let bench = NodeBench()
    let relay = bench.inbound(9)
    bench.node.context.expectLink(
        2000, remoteAddress: address("/ip4/203.0.113.9/tcp/1/p2p/\(peer(9).description)/p2p-circuit"), localAddress: address(aliceAddress),
        path: .relayed(by: peer(9), limit: limit), carrier: relay, isInbound: true)
    bench.establish(2000, 7)
    #expect(bench.node.bestLink(for: peer(7), allowsLimited: true) == 2000)
    bench.clear()
    let direct = bench.inbound(7)
    #expect(bench.node.bestLink(for: peer(7), allowsLimited: true) == direct)
    let changes = bench.events.compactMap { if case .pathChanged(peer(7), let path) = $0 { path.id } else { nil } }
    #expect(changes == [direct])
    bench.wait(.milliseconds(9999))
    #expect(bench.closes(of: 2000).isEmpty)
    bench.wait(.milliseconds(1))
    #expect(bench.closes(of: 2000) == [.superseded])
    bench.feed(.closed(.closed(.superseded)), 2000)
    #expect(bench.node.part(ConnectionTrimmer.self)!.nextDeadline > bench.now)
    bench.wait(.seconds(30))
    #expect(bench.node.part(ConnectionTrimmer.self)!.nextDeadline == .distantFuture)
}

@Test func streamsEndWithTheirConnection() {
    let bench = NodeBench()
    let link = bench.inbound(7)
    bench.feed(.streamOpened(stream: 1, protocolID: Ping.protocolID), link)
    #expect(bench.node.context.owners.count == 2)
    bench.feed(.closed(.link(errno: 104)), link)
    #expect(bench.node.context.owners.count == 0)
    // What still comes is nobody's.
    bench.clear()
    bench.feed(.data(stream: 1, [1]), link)
    bench.feed(.streamOpened(stream: 3, protocolID: Ping.protocolID), link)
    bench.feed(.established(peer: peer(7), publicKey: key(7).publicKey), link)
    #expect(bench.outputs.isEmpty)
}

@Test func creditGoesBackInStepsOnceBytesAreTaken() {
    let bench = NodeBench()
    let link = bench.inbound(7)
    let stream = StreamKey(link: link, stream: 1)
    bench.feed(.streamOpened(stream: 1, protocolID: Ping.protocolID), link)
    func credit() -> Int {
        bench.outputs.reduce(0) { if case .link(link, .consumed(stream: 1, let count)) = $1 { $0 + count } else { $0 } }
    }
    for _ in 0..<31 { bench.feed(.data(stream: 1, [UInt8](repeating: 0, count: 1024)), link) }
    #expect(credit() == 0)
    bench.feed(.data(stream: 1, [UInt8](repeating: 0, count: 2048)), link)
    #expect(credit() == 33 << 10)
    // What a protocol keeps for later has no credit until it is done with it.
    bench.node.context.withhold(100 << 10, of: stream)
    bench.feed(.data(stream: 1, [UInt8](repeating: 0, count: 100 << 10)), link)
    #expect(credit() == 33 << 10)
    bench.node.context.taken(100 << 10, of: stream)
    bench.drain()
    #expect(credit() == 133 << 10)
    // Of a stream that is gone nothing is owed.
    bench.feed(.streamClosed(stream: 1, nil), link)
    bench.node.context.taken(1 << 20, of: stream)
    bench.drain()
    #expect(credit() == 133 << 10)
}

@Test func connectionToOneselfIsRefused() {
    let bench = NodeBench()
    let link = bench.inbound(100)
    #expect(bench.closes(of: link) == [.pruned])
    #expect(bench.node.connectionDescriptions.isEmpty)
}

@Test func shutdownLeavesConnectionsToBeDrained() {
    let bench = NodeBench()
    let link = bench.inbound(7)
    let other = bench.inbound(9)
    let pending = bench.accept()
    bench.node.hangUp(peer(7), now: bench.now)
    bench.drain()
    #expect(bench.node.bestLink(for: peer(7), allowsLimited: true) == nil)
    bench.connect(1, 8, ["/ip4/203.0.113.1/tcp/1"])
    bench.node.shutdown(now: bench.now)
    bench.drain()
    #expect(bench.closes(of: link) == [.application])
    #expect(bench.closes(of: other).isEmpty && bench.closes(of: pending).isEmpty)
    #expect(bench.node.bestLink(for: peer(9), allowsLimited: true) == nil)
    #expect(bench.answers(to: 1) == [.cancelled])
}

@Test func applicationProtocolsReachEveryConnection() {
    let bench = NodeBench()
    bench.inbound(7)
    let entry = ProtocolTable.Entry(name: [UInt8]("/chat/1".utf8), owner: .application, allowsLimited: false)
    let stolen = ProtocolTable.Entry(name: Ping.protocolID, owner: .application, allowsLimited: false)
    bench.node.setApplicationProtocols([entry, stolen], now: bench.now)
    bench.drain()
    #expect(bench.outputs.contains(.protocols(bench.node.protocolTable)))
    #expect(bench.node.protocolTable.entry(for: entry.name) == entry)
    #expect(bench.node.protocolTable.entry(for: Ping.protocolID)?.owner == .node)
}
