import CausewayConnection
import CausewayIdentity
import Testing

@testable import CausewayNode

private let here = address("/ip4/192.168.1.5/tcp/4001")
private let there = address("/ip4/198.51.100.1/tcp/4001")
private let mapped = address("/ip4/198.51.100.2/tcp/40001")
private let seen = address("/ip4/198.51.100.3/tcp/50001")

@Suite struct OwnAddressesTests {
    private let start = Instant(nanoseconds: 1_000_000_000)

    private func context(announced: [Multiaddr] = [], limits: NodeLimits = NodeLimits()) -> NodeContext {
        NodeContext(
            identity: key(1), limits: limits, addresses: OwnAddresses(announced: announced, limits: limits), seed: 1, unixEpoch: 0,
            now: start)
    }

    /// Whether the protocols are to know of a change.
    private func hasChanged(_ node: NodeContext) -> Bool {
        var hasChanged = false
        while let wish = node.wishes.next() { if case .addressesChanged = wish { hasChanged = true } }
        return hasChanged
    }

    // MARK: Audiences

    @Test func eachAudienceLearnsWhatItCanUse() {
        let node = context()
        node.addresses.upgradeForms = [.webRTC]
        node.addresses.replaceCircuits(by: [circuitAddress(1), circuitAddress(2)], in: node)
        node.addresses.replaceBound(by: [here, there], in: node)
        let upgraded = [circuitAddress(1), circuitAddress(2)].map { $0.appending(.webRTC) }
        #expect(node.addresses.advertised(for: .identify) == [here, there, circuitAddress(1), circuitAddress(2)] + upgraded)
        // Elsewhere, an address of this network leads nowhere.
        #expect(node.addresses.advertised(for: .abroad) == [there, circuitAddress(1), circuitAddress(2)] + upgraded)
        #expect(node.addresses.advertised(for: .discovery) == [there, circuitAddress(1), circuitAddress(2)] + upgraded)
        #expect(node.addresses.advertised(for: .reservation) == [there])
    }

    @Test func withoutPublicAddressesAllAreNamed() {
        let node = context()
        node.addresses.replaceBound(by: [here], in: node)
        node.addresses.replaceCircuits(by: [circuitAddress(1), here.appending(peer(2)).appending(address("/p2p-circuit"))], in: node)
        // A relay's own addresses are chosen apart from ours.
        #expect(node.addresses.advertised(for: .abroad) == [here, circuitAddress(1)])
        #expect(node.addresses.advertised(for: .reservation) == [here])
    }

    @Test func aCircuitThatTheUserAnnouncesIsNoAddressOfARelay() {
        let node = context(announced: [circuitAddress(1), there])
        #expect(node.addresses.advertised(for: .identify) == [circuitAddress(1), there])
        #expect(node.addresses.advertised(for: .reservation) == [there])
    }

    @Test func subscribersLearnNoMoreThanTheyRemember() {
        let node = context()
        let many = (1...40).map { Multiaddr.tcp(ip: [203, 0, 113, 1], port: UInt16($0)) }
        node.addresses.replaceBound(by: many, in: node)
        #expect(node.addresses.advertised(for: .discovery) == Array(many.prefix(node.limits.addressesPerPeer)))
        #expect(node.addresses.advertised(for: .identify).count == 40)
    }

    @Test func announcedAddressesTakeThePlaceOfBoundOnes() {
        let node = context(announced: [there])
        node.addresses.replaceBound(by: [here], in: node)
        #expect(node.addresses.advertised(for: .identify) == [there] && !hasChanged(node))
        let forwarded = OwnAddress(mapped, .mapped(until: start + .seconds(60)), .reachable)
        node.addresses.replace(.mapped, by: [forwarded], in: node)
        #expect(node.addresses.advertised(for: .identify) == [there, mapped])
        node.addresses.judge(there, .unreachable, in: node)
        #expect(node.addresses.direct == [there, mapped], "the user knows better")
    }

    // MARK: Evidence

    @Test(arguments: [
        (1, OwnAddress.Verdict.unknown, false), (OwnAddresses.observers - 1, .unknown, false), (4, .unknown, true), (1, .reachable, true),
        (9, .unreachable, false),
    ])
    func anObservedAddressNeedsManyWitnessesOrAProof(witnesses: Int, verdict: OwnAddress.Verdict, isAdvertised: Bool) {
        let node = context()
        node.addresses.replace(.observed, by: [OwnAddress(seen, .observed(by: witnesses), verdict)], in: node)
        #expect(node.addresses.advertised(for: .identify) == (isAdvertised ? [seen] : []))
        #expect(hasChanged(node) == isAdvertised)
    }

    @Test func whatNobodyHasSeenWholeNeedsAProof() {
        for source: OwnAddress.Source in [.mapped(until: .distantFuture), .inferred(by: 99)] {
            let node = context()
            let kind = OwnAddress(seen, source).kind
            node.addresses.replace(kind, by: [OwnAddress(seen, source)], in: node)
            #expect(node.addresses.direct.isEmpty)
            node.addresses.judge(seen, .reachable, in: node)
            #expect(node.addresses.direct == [seen])
            // Renewing it changes nothing.
            node.addresses.replace(kind, by: [OwnAddress(seen, source)], in: node)
            #expect(node.addresses.direct == [seen])
        }
    }

    @Test func anAddressOfTwoKindsIsNamedOnce() {
        let node = context()
        node.addresses.replaceBound(by: [seen], in: node)
        node.addresses.replace(.observed, by: [OwnAddress(seen, .observed(by: 9))], in: node)
        #expect(node.addresses.advertised(for: .identify) == [seen])
    }

    @Test func anAddressAtWhichNobodyReachesUsIsNotAdvertised() {
        let node = context()
        node.addresses.replaceBound(by: [here, there], in: node)
        node.addresses.replaceCircuits(by: [circuitAddress(1)], in: node)
        _ = hasChanged(node)
        node.addresses.judge(there, .unreachable, in: node)
        #expect(hasChanged(node) && node.addresses.advertised(for: .identify) == [here, circuitAddress(1)])
        // The shell names its addresses again: what was found out stays.
        node.addresses.replaceBound(by: [there, here], in: node)
        #expect(node.addresses.direct == [here] && !hasChanged(node))
        node.addresses.judge(there, .reachable, in: node)
        #expect(node.addresses.direct == [there, here])
    }

    @Test func onlyWhatChangesIsReported() {
        let node = context()
        node.addresses.replaceBound(by: [], in: node)
        #expect(!hasChanged(node))
        node.addresses.replaceBound(by: [here], in: node)
        #expect(hasChanged(node))
        node.addresses.replaceBound(by: [here], in: node)
        node.addresses.judge(here, .reachable, in: node)
        #expect(!hasChanged(node))
    }

    @Test func otherCertificatesRenameTheAddressesThatNameThem() {
        let hash = { (number: UInt8) in [0x12, 0x20] + [UInt8](repeating: number, count: 32) }
        let direct = address("/ip4/192.168.1.5/udp/4001/webrtc-direct")
        let outside = address("/dns4/relay.example/udp/4001/webrtc-direct")
        let circuit = direct.naming(certificates: [hash(9)]).appending(peer(1)).appending(address("/p2p-circuit"))
        let node = context(announced: [outside.naming(certificates: [hash(1)]), there])
        node.addresses.replaceBound(by: [direct.naming(certificates: [hash(1)]), here], in: node)
        node.addresses.replaceCircuits(by: [circuit], in: node)
        _ = hasChanged(node)
        node.addresses.certify(by: [hash(1), hash(2)], in: node)
        #expect(hasChanged(node))
        let both = [hash(1), hash(2)]
        #expect(node.addresses.advertised(for: .identify) == [outside.naming(certificates: both), there, circuit])
        #expect(node.addresses.all[2].address == direct.naming(certificates: both))
        node.addresses.certify(by: both, in: node)
        #expect(!hasChanged(node))
    }

    // MARK: Expiry

    @Test func anAddressThatExpiresIsForgottenAndReported() {
        let bench = NodeBench()
        let (soon, late) = (bench.now + .seconds(60), bench.now + .seconds(90))
        bench.node.listening([here], now: bench.now)
        bench.node.context.addresses.replace(.mapped, by: [OwnAddress(mapped, .mapped(until: soon), .reachable)], in: bench.node.context)
        bench.node.context.addresses.replace(
            .reservation, by: [OwnAddress(circuitAddress(1), .reservation(by: peer(1), until: late))], in: bench.node.context)
        #expect(bench.node.context.addresses.nextDeadline == soon)
        bench.wait(.milliseconds(59_999))
        #expect(bench.node.advertisedAddresses == [here, mapped, circuitAddress(1)])
        bench.clear()
        bench.wait(.milliseconds(1))
        #expect(bench.events == [.addressesChanged([here, circuitAddress(1)])])
        bench.clear()
        bench.wait(.seconds(30))
        #expect(bench.events == [.addressesChanged([here])])
        #expect(bench.node.context.addresses.nextDeadline == .distantFuture)
    }

    @Test func whatIsRenewedInTimeStays() {
        let bench = NodeBench()
        for _ in 0..<5 {
            bench.node.context.addresses.replace(
                .mapped, by: [OwnAddress(mapped, .mapped(until: bench.now + .seconds(60)), .reachable)], in: bench.node.context)
            bench.wait(.seconds(50))
        }
        #expect(bench.node.advertisedAddresses == [mapped])
        let advertised = bench.events.filter { if case .addressesChanged = $0 { true } else { false } }
        #expect(advertised == [.addressesChanged([mapped])])
    }
}
