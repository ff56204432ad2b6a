import CausewayConnection
import CausewayIdentity
import Testing

@testable import CausewayNode

private let inside = "/ip4/172.31.0.5/tcp/4001"
private let outside = "/ip4/198.51.100.9/tcp/4001"

/// A node in a cloud, whose network translates addresses.
private func node(_ addresses: [String] = [inside], announce: [String] = []) -> AskingBench { AskingBench(addresses, announce: announce) }

extension AskingBench {
    /// A peer that dialled this node says where.
    @discardableResult
    fileprivate func dialledBy(_ number: UInt8, in network: Int, at seen: String, to local: String = inside) -> UInt32 {
        let link = connect(number, from: "/ip4/\(network % 100 + 20).\(network / 100).0.\(number)/tcp/5000", to: local)
        identify(number, on: link, speaks: [], seen: seen)
        return link
    }

    /// A peer that this node dialled says where it sees it.
    fileprivate func dials(_ number: UInt8, in network: Int, seen: String, from local: String = "/ip4/172.31.0.5/tcp/50000") {
        let link = connect(number, from: "/ip4/\(network % 100 + 20).\(network / 100).0.\(number)/tcp/4001", to: local, inbound: false)
        identify(number, on: link, speaks: [], seen: seen)
    }

    fileprivate var observed: [OwnAddress] { bench.node.context.addresses.all.filter { $0.kind == .observed } }
    fileprivate var abroad: [Multiaddr] { bench.node.context.addresses.advertised(for: .abroad) }
}

@Suite struct ObservedAddressesTests {
    @Test func whatFourNetworksSeeIsAdvertised() {
        let one = node()
        for number: UInt8 in 1...4 {
            #expect(one.abroad == [address(inside)])
            one.dialledBy(number, in: Int(number), at: outside)
            #expect(one.observed.map(\.source) == [.observed(by: Int(number))])
        }
        #expect(one.abroad == [address(outside)] && one.bench.node.advertisedAddresses == [address(inside), address(outside)])
        // The reason is told: as it was first seen, and when it was enough.
        #expect(one.changes.map(\.reason) == [.hardlyObserved(by: 1), .observed(by: 4)])
        #expect(one.changes.map(\.isAdvertised) == [false, true])
    }

    @Test func oneNetworkHasOneVoice() {
        let one = node()
        for number: UInt8 in 1...40 { one.dialledBy(number, in: 1, at: outside) }
        #expect(one.observed.map(\.source) == [.observed(by: 1)] && one.abroad == [address(inside)])
        // Its newest word counts.
        one.dialledBy(50, in: 1, at: "/ip4/198.51.100.10/tcp/4001")
        #expect(one.observed.map(\.address.description) == ["/ip4/198.51.100.10/tcp/4001"])
    }

    @Test func falseObservationsOfThreeNetworksChangeNothing() {
        let one = node()
        one.bench.clear()
        for number: UInt8 in 1...9 { one.dialledBy(number, in: Int(number) % 3, at: "/ip4/192.0.2.66/tcp/80") }
        #expect(one.abroad == [address(inside)] && one.bench.node.advertisedAddresses == [address(inside)])
        #expect(!one.bench.events.contains { if case .addressesChanged = $0 { true } else { false } })
    }

    @Test(arguments: [
        "/ip4/10.0.0.1/tcp/4001", "/ip4/127.0.0.1/tcp/4001", "/ip4/198.51.100.9/udp/4001/quic-v1", "/ip6/2a05::1/tcp/4001",
        "/dns4/relay.example/tcp/4001", "/ip4/198.51.100.9/tcp/4001/ws", "/ip4/198.51.100.9/tcp/443/tls/ws", "/ip4/198.51.100.9",
        "/ip4/198.51.100.9/tcp/1/p2p/12D3KooWKAhVNgcysjtAYj3q5FBayZJ1qBp6G1LXNvCvS9HacJhr/p2p-circuit",
    ])
    func whatDoesNotFitTheConnectionIsIgnored(seen: String) {
        let one = node()
        for number: UInt8 in 1...5 { one.dialledBy(number, in: Int(number), at: seen) }
        #expect(one.observed.isEmpty)
    }

    @Test func peersOfTheSameNetworkAndThroughRelaysSeeNothing() {
        let one = node()
        for number: UInt8 in 1...5 {
            let link = one.connect(number, from: "/ip4/172.31.0.\(number)/tcp/5000", to: inside)
            one.identify(number, on: link, speaks: [], seen: outside)
            one.bench.node.context.expectLink(
                3000 + UInt32(number) * 2, remoteAddress: address("/ip4/\(number + 20).1.0.1/tcp/1"), localAddress: address(inside),
                path: .relayed(by: peer(99), limit: nil), carrier: nil, isInbound: true)
            one.bench.establish(3000 + UInt32(number) * 2, number + 10)
            one.identify(number + 10, on: 3000 + UInt32(number) * 2, speaks: [], seen: outside)
        }
        #expect(one.observed.isEmpty)
    }

    // MARK: Addresses

    @Test func whatIsSeenOfOneListenerHoldsForAllOnItsPort() {
        let webSocket = "/ip4/172.31.0.5/tcp/4001/ws"
        let one = node([inside, webSocket, "/ip4/172.31.0.5/tcp/4002"])
        for number: UInt8 in 1...4 { one.dialledBy(number, in: Int(number), at: outside) }
        #expect(Set(one.observed.map(\.address.description)) == [outside, outside + "/ws"])
    }

    /// A connection that this node began shows its IP address outside, and the port is a guess, which needs a proof.
    @Test func theIPAddressIsInferredFromConnectionsThatWeBegan() {
        let one = node()
        for number: UInt8 in 1...6 { one.dials(number, in: Int(number), seen: "/ip4/198.51.100.9/tcp/\(30000 + Int(number))") }
        #expect(one.observed == [OwnAddress(address(outside), .inferred(by: 6))])
        #expect(one.abroad == [address(inside)])
        one.bench.node.context.addresses.judge(address(outside), .reachable, in: one.bench.node.context)
        #expect(one.abroad == [address(outside)])
    }

    @Test func aListenerHasFewAddressesOutside() {
        let one = node()
        for number: UInt8 in 1...10 { one.dialledBy(number, in: Int(number), at: "/ip4/198.51.100.\(number % 6 + 1)/tcp/4001") }
        #expect(one.observed.count == ObservedAddresses.addressesPerListener)
        // Those that most have seen.
        #expect(one.observed.map(\.source) == [.observed(by: 2), .observed(by: 2), .observed(by: 2)])
    }

    @Test func aListenersOwnAddressIsNoNews() {
        let one = node(["/ip4/198.51.100.9/tcp/4001"])
        for number: UInt8 in 1...5 { one.dialledBy(number, in: Int(number), at: outside, to: "/ip4/198.51.100.9/tcp/4001") }
        #expect(one.observed.isEmpty)
    }

    @Test func whoAnnouncesAddressesKnowsBetter() {
        let one = node(announce: ["/dns4/relay.example/tcp/4001"])
        for number: UInt8 in 1...5 { one.dialledBy(number, in: Int(number), at: outside) }
        #expect(one.bench.node.advertisedAddresses == [address("/dns4/relay.example/tcp/4001")])
        #expect(one.state(of: outside)?.reason == .othersAnnounced)
    }

    @Test func addressesGoWithTheirListener() {
        let one = node()
        for number: UInt8 in 1...4 { one.dialledBy(number, in: Int(number), at: outside) }
        one.bench.node.listening([address("/ip4/172.31.0.5/tcp/5001")], now: one.bench.now)
        one.bench.drain()
        #expect(one.observed.isEmpty && one.abroad == [address("/ip4/172.31.0.5/tcp/5001")])
    }

    // MARK: Time and bounds

    @Test func aVoteOutlivesItsConnectionForAnHour() {
        let one = node()
        let links = (1...4).map { one.dialledBy(UInt8($0), in: $0, at: outside) }
        one.bench.wait(.seconds(90_000))
        #expect(one.abroad == [address(outside)], "its connections stand")
        one.bench.feed(.closed(.link(errno: 104)), links[0])
        one.bench.wait(Interval(nanoseconds: ObservedAddresses.memory.nanoseconds - 1))
        #expect(one.abroad == [address(outside)])
        one.bench.wait(Interval(nanoseconds: 1))
        #expect(one.abroad == [address(inside)] && one.observed.map(\.source) == [.observed(by: 3)])
    }

    @Test func votesAreBounded() {
        let one = node()
        for number in 0..<ObservedAddresses.votes + 40 { one.dialledBy(UInt8(number % 90 + 1), in: number, at: outside) }
        #expect(one.observed.map(\.source) == [.observed(by: ObservedAddresses.votes)])
    }
}
