import CausewayIdentity
import CausewayLocalNetwork
import Testing

@testable import CausewayNode
@testable import CausewayRuntime

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

private func configuration(_ state: NetworkState, maps: Bool = false, finds: Bool = false) -> ShellConfiguration {
    var configuration = ShellConfiguration()
    (configuration.mapsPorts, configuration.findsLocalPeers) = (maps, finds)
    configuration.network = { state }
    return configuration
}

extension NodeEvent {
    fileprivate var mapping: PortMappingChange? { if case .happened(.portMapping(let change)) = self { change } else { nil } }
}

@Suite("The local network", .timeLimit(.minutes(1))) struct LocalNetworkTests {
    @Test func aNodesPortsAreMappedAndReleased() async throws {
        let gateway = try await TestGateway()
        let node = try TestNode(configuration(NetworkState(gateway: gateway.endpoint, addresses: [[127, 0, 0, 1]]), maps: true))
        let bound = try await node.shell.listen([Multiaddr("/ip4/127.0.0.1/tcp/0/ws")])
        let port = try #require(bound.first?.port)
        let event = await node.event { $0.mapping != nil }
        let change = try #require(event.mapping)
        #expect(change.port == MappedPort(.tcp, port))
        guard case .mapped(let external, _) = change.state else { return #expect(Bool(false), "\(change.state)") }
        #expect(external == Endpoint(ip: TestGateway.external, port: 0x1234))
        let mapped = await node.onShell { $0.node.context.addresses.all.filter { $0.kind == .mapped }.map(\.address) }
        #expect(try mapped == [Multiaddr("/ip4/5.1.2.3/tcp/4660/ws")])
        await node.shell.stop()
        #expect(gateway.requests.first.map { $0.port == port && $0.lifetime > 0 } == true)
        #expect(gateway.requests.last.map { $0.port == port && $0.lifetime == 0 } == true)
        gateway.stop()
    }

    @Test func aGatewaySaysWhatItCanDo() async throws {
        let gateway = try await TestGateway()
        let node = try TestNode(configuration(NetworkState(gateway: gateway.endpoint)))
        let report = await node.shell.probeGateway(within: .milliseconds(1500))
        #expect(report?.gateway == [127, 0, 0, 1] && report?.speaksPCP == true && report?.speaksUPnP == false)
        #expect(gateway.requests.isEmpty)
        gateway.stop()
        let nobody = await node.shell.probeGateway(within: .milliseconds(200))
        #expect(nobody?.speaksPCP == false && nobody?.speaksNATPMP == false && nobody?.external == nil)
        await node.shell.stop()
        #expect(await node.shell.probeGateway() == nil)
    }

    @Test func fewPublicAddressesArePinholed() throws {
        let public6 = try (1...10).map { try Multiaddr("/ip6/2a00:1::\($0)/tcp/1") }
        let others = try ["/ip6/::1/tcp/1", "/ip6/fd00::1/tcp/1", "/ip6/fe80::1/tcp/1", "/ip4/5.1.2.3/tcp/1"].map { try Multiaddr($0) }
        let found = NetworkWatch.pinholed(among: others + [public6[0]] + public6)
        #expect(found.count == NetworkWatch.mostPinholed && Set(found).count == found.count && found.allSatisfy { $0[0] == 0x2a })
        #expect(NetworkWatch.pinholed(among: others).isEmpty)
    }

    @Test func withoutAGatewayNothingIsAsked() async throws {
        let node = try TestNode(configuration(NetworkState(addresses: [[127, 0, 0, 1]]), maps: true))
        _ = try await node.shell.listen([Multiaddr("/ip4/127.0.0.1/tcp/0")])
        #expect(await node.shell.probeGateway() == nil)
        await node.shell.stop()
    }

    /// By multicast over the loopback interface.
    @Test func aPeerInTheNetworkIsFound() async throws {
        // What is sent to a group there has the address of another interface if there is one.
        let loopback = PrivateNetwork(interface: if_nametoindex("lo"), ip: [127, 0, 0, 1], mask: [0, 0, 0, 0])
        guard loopback.interface != 0 else { return }
        let node = try TestNode(configuration(NetworkState(networks: [loopback]), finds: true)) {
            $0.localDiscovery = LocalDiscoveryPolicy(dials: false)
        }
        // It listens by now.
        await node.onShell { _ in }
        let other = node.otherPeer
        try await withDatagramLoop { loop in
            await loop.perform {
                let machine = MulticastDiscovery(other, seed: Entropy.number(), now: loop.now)
                machine.setAddresses([try! Multiaddr("/ip4/5.1.2.3/tcp/7")], ips: [[127, 0, 0, 1]], now: loop.now)
                machine.advance(to: loop.now + .seconds(1))
                let socket = try! DatagramSocket(
                    on: loop, joining: MulticastDiscovery.group, onInterface: loopback.interface, limits: MulticastPort.limits)
                while case .send(let bytes)? = machine.pollOutput() { try! socket.send(bytes, to: MulticastDiscovery.group) }
            }
            let event = await node.event { event in
                guard case .happened(.discovered(let peer, _, .mdns)) = event else { return false }
                return peer == other
            }
            let there = try Multiaddr("/ip4/5.1.2.3/tcp/7")
            #expect(event == .happened(.discovered(other, addresses: [there], source: .mdns)))
        }
        await node.shell.stop()
    }
}

@Suite("The default route") struct DefaultRouteTests {
    private static let head = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"

    private func gateway(_ lines: String...) -> [UInt8]? {
        DefaultRoute.gateway(in: Array((Self.head + lines.joined(separator: "\n")).utf8))
    }

    /// The numbers are as a machine with the lowest byte first writes them.
    @Test func isTheOneWithTheLowestMetric() {
        let near = "eth0\t00000000\t0101A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0"
        let far = "wlan0\t00000000\t0102A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0"
        #expect(gateway(near) == [192, 168, 1, 1])
        #expect(gateway(far, near) == [192, 168, 1, 1] && gateway(near, far) == [192, 168, 1, 1])
    }

    @Test func isNoOtherRoute() {
        #expect(gateway() == nil)
        // A network of its own, a route that is down, one without a gateway, half a default route.
        #expect(gateway("eth0\t0001A8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0") == nil)
        #expect(gateway("eth0\t00000000\t0101A8C0\t0002\t0\t0\t100\t00000000\t0\t0\t0") == nil)
        #expect(gateway("tun0\t00000000\t00000000\t0001\t0\t0\t0\t00000000\t0\t0\t0") == nil)
        #expect(gateway("tun0\t00000000\t0101A8C0\t0003\t0\t0\t0\t00000080\t0\t0\t0") == nil)
        #expect(gateway("eth0 00000000", "\t\t\t", "x y z 0003 0 0 0 q", "eth0\t0\tG\t3\t0\t0\t0\t0") == nil)
        #expect(DefaultRoute.tableSize >= 1 << 16)
    }

    @Test func theGatewayOfIPv6IsFoundWithItsInterface() {
        let zero = String(repeating: "0", count: 32)
        let near = "fe80000000000000021122fffe334455"
        func line(_ gateway: String, metric: String, flags: String = "00000003", to: String = zero, length: String = "00") -> String {
            "\(to) \(length) \(zero) 00 \(gateway) \(metric) 00000001 00000000 \(flags)     eth0\n"
        }
        func found(_ lines: String...) -> [UInt8]? { DefaultRoute.gateway6(in: Array(lines.joined().utf8))?.ip }
        let ip: [UInt8] = [0xfe, 0x80, 0, 0, 0, 0, 0, 0, 2, 0x11, 0x22, 0xff, 0xfe, 0x33, 0x44, 0x55]
        let far = "fe800000000000000000000000000001"
        #expect(found(line(near, metric: "00000400")) == ip && found(line(far, metric: "00000401"), line(near, metric: "00000400")) == ip)
        #expect(DefaultRoute.gateway6(in: Array(line(near, metric: "00000400").utf8))?.interface == "eth0")
        // None: no gateway, a route that is down, another network, half a default route, nonsense.
        #expect(found(line(zero, metric: "00000400")) == nil && found(line(near, metric: "00000400", flags: "00000002")) == nil)
        #expect(found(line(near, metric: "00000400", to: near)) == nil && found(line(near, metric: "00000400", length: "01")) == nil)
        #expect(found("", "x y", line("fe80", metric: "1"), line(near + "00", metric: "1"), line(near, metric: "q")) == nil)
    }

    /// It is read every second.
    @Test func aSmallTableTakesLittleRoom() throws {
        let folder = try TemporaryFolder()
        for size in [0, 100, 4096, 10_000] {
            let table = String(repeating: "route ", count: size).prefix(size)
            let read = DefaultRoute.read(try folder.write("route", String(table)))
            #expect(read == Array(table.utf8) && read.capacity <= 2 * size + 4096 + 64)
        }
        #expect(DefaultRoute.read(try folder.write("route", String(repeating: "r", count: 300_000))).count == DefaultRoute.tableSize)
    }

    @Test func privateInterfacesAreThoseOfPrivateAddresses() throws {
        func entry(_ name: String, _ ip: String) throws -> Interfaces.Entry {
            let text = ip.contains(":") ? "/ip6/\(ip)/tcp/1" : "/ip4/\(ip)/tcp/1"
            guard case .ip(let bytes)? = try Multiaddr(text).host else { throw CancellationError() }
            return Interfaces.Entry(name: name, ip: bytes, mask: bytes.count == 4 ? [255, 255, 255, 0] : [])
        }
        let names = ["lo", "home", "cloud", "six", "tunnel", "global", "bare"]
        let entries = try [
            entry("lo", "127.0.0.1"), entry("lo", "::1"), entry("home", "192.168.1.7"), entry("cloud", "5.1.2.3"),
            entry("cloud", "fd00::5"),
            entry("cloud", "fe80::5"), entry("six", "fd77::1"), entry("home", "2001:db8::7"), entry("six", "fe80::1"),
            entry("home", "fe80::7"),
            entry("tunnel", "fd78::1"), entry("global", "2001:db8::1"), entry("global", "fe80::2"), entry("bare", "10.0.0.1"),
        ]
        let found = Interfaces.privateNetworks(among: entries) { UInt32(names.firstIndex(of: $0)! + 1) }
        #expect(found.map { names[Int($0.interface) - 1] } == ["home", "six", "bare"])
        #expect(found.map(\.hasLinkLocal) == [true, true, false] && found.map(\.addresses.count) == [2, 1, 1])
        // Addresses of IPv6 come and go, and the sockets stay.
        let later = PrivateNetwork(interface: 2, ip: found[0].ip, mask: found[0].mask, sixes: [], hasLinkLocal: true)
        #expect(later.isSamePlace(as: found[0]) && later != found[0] && !later.isSamePlace(as: found[1]))
    }

    @Test func aNetworkHasItsAddresses() {
        let home = PrivateNetwork(interface: 1, ip: [192, 168, 1, 7], mask: [255, 255, 255, 0])
        #expect(home.contains([192, 168, 1, 255]) && !home.contains([192, 168, 2, 7]) && !home.contains([]))
        #expect(!home.contains([UInt8](repeating: 0, count: 16)))
        #expect(Interfaces.privateNetworks.count <= Interfaces.mostNetworks)
        #expect(Interfaces.privateNetworks.allSatisfy { ($0.ip.isEmpty || $0.contains($0.ip)) && $0.interface != 0 })
    }
}
