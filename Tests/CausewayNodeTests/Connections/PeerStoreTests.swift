import CausewayConnection
import CausewayIdentity
import Testing

@testable import CausewayNode

private func tcp(_ port: Int) -> Multiaddr { .tcp(ip: [10, 0, 0, 1], port: UInt16(port)) }

private func madeUp(_ number: Int) -> PeerID {
    var random = RandomSource(seed: UInt64(number))
    do { return try PeerID([0x12, 0x20] + random.bytes(32)) } catch { fatalError("no peer id") }
}

@Test func addressesExpireUnlessThePeerIsConnected() {
    let store = PeerStore(limits: NodeLimits())
    let start = Instant(nanoseconds: 0)
    store.add([tcp(1)], of: peer(1), now: start)
    #expect(store.addresses(of: peer(1), now: start + .seconds(3599)) == [tcp(1)])
    #expect(store.addresses(of: peer(1), now: start + .seconds(3600)) == [])
    store.add([tcp(1)], of: peer(1), now: start)
    store.connected(peer(1))
    #expect(store.addresses(of: peer(1), now: start + .seconds(9999)) == [tcp(1)])
    store.disconnected(peer(1), now: start + .seconds(9999))
    #expect(store.addresses(of: peer(1), now: start + .seconds(9999 + 3599)) == [tcp(1)])
    #expect(store.addresses(of: peer(1), now: start + .seconds(9999 + 3600)) == [])
}

@Test func betterSourcesPushWorseOnesOut() {
    var limits = NodeLimits()
    limits.addressesPerPeer = 3
    let store = PeerStore(limits: limits)
    let now = Instant(nanoseconds: 0)
    store.add([tcp(1)], of: peer(1), source: .application, now: now)
    for port in 10..<1000 { store.add([tcp(port)], of: peer(1), source: .discovery, now: now) }
    #expect(store.addresses(of: peer(1), now: now) == [tcp(1), tcp(998), tcp(999)])
    store.replaceOwn([tcp(2), tcp(3)], of: peer(1), signed: true, now: now)
    #expect(store.addresses(of: peer(1), now: now) == [tcp(1), tcp(2), tcp(3)])
    store.add([tcp(4)], of: peer(1), source: .discovery, now: now)
    #expect(store.addresses(of: peer(1), now: now) == [tcp(1), tcp(2), tcp(3)])
}

@Test func unconnectedPeersAreBounded() {
    var limits = NodeLimits()
    limits.storedPeers = 100
    let store = PeerStore(limits: limits)
    let now = Instant(nanoseconds: 0)
    store.connected(peer(1))
    store.add([tcp(1)], of: peer(1), now: now)
    store.add([tcp(2)], of: madeUp(0), now: now)
    for number in 1..<5000 {
        store.add([tcp(number)], of: madeUp(number), now: now)
        // Of the first one something new is heard now and then.
        if number % 50 == 0 { store.add([tcp(2)], of: madeUp(0), now: now) }
    }
    #expect(store.count == 101)
    #expect(store.addresses(of: peer(1), now: now) == [tcp(1)])
    #expect(store.addresses(of: madeUp(0), now: now) == [tcp(2)])
    #expect(store.addresses(of: madeUp(4800), now: now) == [])
    #expect(store.addresses(of: madeUp(4999), now: now) == [tcp(4999)])
}
