import CausewayConnection
import CausewayIdentity
import Testing

@testable import CausewayNode

private let home = "/ip4/192.168.1.9/tcp/4001"
private let wide = "/ip4/203.0.113.1/tcp/4001"

extension NodeBench {
    fileprivate convenience init(dials: Bool) { self.init(100, { $0.localDiscovery = LocalDiscoveryPolicy(dials: dials) }) }

    fileprivate func find(_ number: UInt8, _ addresses: [String]) {
        node.found(peer(number), addresses: addresses.map { address($0) }, now: now)
        drain()
    }

    fileprivate func listen(_ text: String) {
        node.listening([address(text)], now: now)
        drain()
    }

    fileprivate var sightings: [PeerID] {
        outputs.compactMap { if case .event(.happened(.discovered(let peer, _, .mdns))) = $0 { peer } else { nil } }
    }
}

@Suite struct LocalDiscoveryTests {
    @Test func whoIsFoundIsReportedAndKnown() {
        let bench = NodeBench(dials: false)
        bench.listen("/ip4/192.168.1.2/tcp/1")
        bench.find(7, [home])
        #expect(bench.sightings == [peer(7)] && bench.dials.isEmpty)
        #expect(bench.node.addresses(of: peer(7)) == [address(home)])
        // The application may dial it without an address.
        bench.connect(1, 7, [])
        #expect(bench.dials.map(\.address) == [home])
    }

    @Test func whoIsFoundIsDialledWhereThatIsWanted() {
        let bench = NodeBench(dials: true)
        bench.listen("/ip4/192.168.1.2/tcp/1")
        bench.find(7, [home])
        bench.find(7, [home])
        #expect(bench.sightings.count == 2 && bench.dials.map(\.address) == [home])
    }

    /// HearsayFilter: a node that others reach from the Internet has no reason to dial private networks.
    @Test func privateAddressesAreHearsay() {
        let bench = NodeBench(dials: true)
        bench.listen("/ip4/198.51.100.1/tcp/4001")
        bench.find(7, [home, "/ip4/127.0.0.1/tcp/1", wide])
        bench.wait(.seconds(1))
        #expect(bench.dials.map(\.address) == [wide])
    }

    @Test func manyAreDialledFewAtATime() {
        let bench = NodeBench(dials: true)
        bench.listen("/ip4/192.168.1.2/tcp/1")
        for number in 1...50 as ClosedRange<UInt8> { bench.find(number, ["/ip4/192.168.1.\(number)/tcp/4001"]) }
        #expect(bench.sightings.count == 50)
        #expect(bench.dials.count == bench.node.context.limits.heardPeersPerNeighbour)
        // When their time is over, others have theirs.
        bench.wait(.seconds(20))
        bench.find(60, ["/ip4/192.168.1.60/tcp/4001"])
        #expect(bench.dials.last?.address == "/ip4/192.168.1.60/tcp/4001")
    }

    @Test func aNodeThatLooksForNobodyHearsNothing() {
        let bench = NodeBench()
        bench.find(7, [home])
        #expect(bench.sightings.isEmpty && bench.node.addresses(of: peer(7)).isEmpty)
    }

    @Test func itselfIsNobody() {
        let bench = NodeBench(dials: true)
        bench.find(100, [home])
        #expect(bench.sightings.isEmpty && bench.dials.isEmpty)
    }
}

@Suite struct PortMappingEventTests {
    private let port = MappedPort(.tcp, 4001)
    private let external = Endpoint(ip: [203, 0, 113, 1], port: 9)!

    @Test func mappedAddressesAreThisNodesUntilTheirTime() {
        let bench = NodeBench()
        let until = bench.now + .seconds(100)
        let mapped = OwnAddress(address("/ip4/203.0.113.1/tcp/9"), .mapped(until: until))
        bench.node.portMappingChanged(.init(port, .mapped(external: external, until: until)), addresses: [mapped], now: bench.now)
        bench.drain()
        #expect(bench.node.context.addresses.all == [mapped])
        bench.wait(.seconds(101))
        #expect(bench.node.context.addresses.all.isEmpty)
    }

    @Test func theRecordSaysWhatAndWhy() {
        let until = Instant(nanoseconds: 1)
        func line(_ state: PortMappingChange.State) -> String {
            let record = Event.portMapping(.init(port, state)).record
            return "\(record.level) \(record.text())"
        }
        #expect(
            line(.mapped(external: external, until: until))
                == "info port-mapping state=mapped transport=tcp port=4001 external=/ip4/203.0.113.1/tcp/9")
        #expect(line(.renewed(external: external, until: until)).hasPrefix("debug "))
        #expect(line(.refused(.silent)).hasPrefix("debug "))
        #expect(
            line(.lost(.networkChanged))
                == "warning port-mapping state=lost transport=tcp port=4001 reason=\"this machine's way to the Internet has changed\"")
        #expect(line(.refused(.notPublic([100, 64, 0, 9]))).contains("100.64.0.9"))
        #expect(line(.refused(.refused(.natPMP, code: 3))).contains("NAT-PMP, code 3"))
        #expect(line(.refused(.nonsense(.pcp))).contains("PCP"))
        #expect(line(.refused(.faulty(.tooLong(limit: 4096)))).contains("UPnP sends more than 4096 bytes"))
        #expect(line(.refused(.faulty(.slow(limit: .seconds(3))))).contains("UPnP takes longer than 3000 ms"))
        #expect(line(.refused(.notPublic([0, 0, 0, 0]))).contains("no address towards the Internet"))
    }
}
