import CausewayIdentity
import CausewayNode
import Testing

@testable import CausewayLocalNetwork

private let limits = UPnPLimits()

/// A router that speaks UPnP alone.
private func start(_ ports: [MappedPort] = [MappingRun.tcp], _ change: (SimulatedIGD) -> Void = { _ in }) -> (MappingRun, SimulatedIGD) {
    var run = MappingRun()
    let igd = SimulatedIGD()
    change(igd)
    run.gateway.speaks = []
    run.gateway.igd = igd
    run.map(ports)
    run.pass(.seconds(1))
    run.unreachable()
    return (run, igd)
}

private func external(_ ip: [UInt8] = [5, 1, 2, 3], _ port: UInt16 = 4001) -> Endpoint { Endpoint(ip: ip, port: port)! }

extension PortMappingChange.State {
    fileprivate var mapped: Endpoint? { if case .mapped(let at, _) = self { at } else { nil } }
    fileprivate var renewed: Endpoint? { if case .renewed(let at, _) = self { at } else { nil } }
}

@Suite("Port mapping by UPnP") struct UPnPMappingTests {
    @Test func portsAreMappedLookedAtAndRenewed() {
        var (run, igd) = start([MappingRun.tcp, MappingRun.udp])
        run.pass(.seconds(1))
        #expect(run.take().map(\.mapped) == [external(), external()])
        let entry = SimulatedIGD.Entry(client: "192.168.1.7", port: 4001, lease: PortMappingLimits().lifetime)
        #expect(igd.table == ["4001/TCP": entry, "4001/UDP": entry])
        #expect(igd.requests.filter { $0 == "GetSpecificPortMappingEntry" }.count == 2)
        let before = igd.requests.count
        run.pass(.seconds(86_400))
        let renewals = run.take()
        #expect(renewals.allSatisfy { $0.renewed == external() } && (1438...1442).contains(renewals.count))
        // Two renewals, and the address once.
        #expect(igd.requests.count - before <= 3 * 721 && igd.searches == 1)
    }

    /// PCP and NAT-PMP are asked first.
    @Test(arguments: [.pcp, .natPMP] as [GatewayProtocol]) func upnpIsTheLast(by: GatewayProtocol) {
        var run = MappingRun()
        let igd = SimulatedIGD()
        run.gateway.speaks = [by]
        run.gateway.igd = igd
        run.map()
        run.pass(.seconds(10))
        #expect(run.take().count == 2 && igd.requests.isEmpty && igd.searches == 0)
    }

    @Test func theEndDeletesAll() {
        var (run, igd) = start([MappingRun.tcp, MappingRun.udp])
        #expect(igd.table.count == 2)
        run.release()
        #expect(run.isReleased && igd.table.isEmpty)
        run.pass(.seconds(10_000))
        #expect(run.mapping.nextDeadline == .distantFuture)
    }

    @Test func theEndIsBounded() {
        var (run, igd) = start()
        igd.replaces = { _ in SimulatedIGD.Answer(pieces: [], closes: false) }
        run.release()
        #expect(!run.isReleased)
        run.pass(PortMappingLimits().releaseUPnP)
        #expect(run.isReleased)
    }

    /// What a request that was cut off has done is not known.
    @Test func theEndDeletesWhatWasJustAskedFor() {
        var run = start([]).0
        let igd = run.gateway.igd!
        igd.replaces = { $0 == "AddPortMapping" ? SimulatedIGD.Answer(pieces: [], closes: false) : nil }
        run.map([MappingRun.tcp])
        run.pass(.seconds(2))
        run.unreachable()
        #expect(igd.requests.last == "AddPortMapping")
        igd.table["4001/TCP"] = SimulatedIGD.Entry(client: "192.168.1.7", port: 4001, lease: 0)
        run.release()
        #expect(run.isReleased && igd.table.isEmpty)
    }

    @Test func aPortThatIsNotWantedIsDeleted() {
        var (run, igd) = start([MappingRun.tcp, MappingRun.udp])
        _ = run.take()
        run.map([MappingRun.udp])
        #expect(run.take() == [.lost(.networkChanged)])
        #expect(Array(igd.table.keys) == ["4001/UDP"])
    }

    /// IGDv1, section 2.4.16.2: 725.
    @Test(arguments: [725, 402, 501]) func aRouterWithoutLeasesKeepsTheMapping(code: Int) {
        var (run, igd) = start {
            $0.isPermanent = true
            let router = $0
            $0.replaces = { [unowned router] line in
                line == "AddPortMapping" && router.requests.filter { $0 == line }.count == 1 ? SimulatedIGD.fault(code) : nil
            }
        }
        #expect(run.take().map(\.mapped) == [external()])
        #expect(igd.table["4001/TCP"]?.lease == 0)
        run.pass(.seconds(4000))
        #expect(run.take().allSatisfy { $0.renewed != nil })
        run.release()
        #expect(igd.table.isEmpty)
    }

    @Test func anotherMachinesPortIsLeftAlone() throws {
        let other = SimulatedIGD.Entry(client: "192.168.1.99", port: 7, lease: 0)
        var (run, igd) = start { $0.table["4001/TCP"] = other }
        let at = try #require(run.take().first?.mapped)
        #expect(at.port >= 1024 && at.port != 4001 && igd.table["4001/TCP"] == other && igd.table.count == 2)
        run.release()
        #expect(igd.table == ["4001/TCP": other])
    }

    /// Some routers refuse to map again what they map.
    @Test func onesOwnMappingIsNoConflict() {
        let own = SimulatedIGD.Entry(client: "192.168.1.7", port: 4001, lease: 0)
        // A node that was ended without a farewell has left it behind.
        var (run, igd) = start {
            $0.isStubborn = true
            $0.table["4001/TCP"] = own
        }
        #expect(run.take().map(\.mapped) == [external()] && igd.table == ["4001/TCP": own])
        run.pass(.seconds(3600))
        #expect(run.take().allSatisfy { $0.renewed == external() } && igd.table.count == 1)
        run.release()
        #expect(igd.table.isEmpty)
    }

    @Test(arguments: [718, 729]) func conflictsWithoutEndAreARefusal(code: UInt16) {
        var (run, igd) = start { $0.errors["AddPortMapping"] = Int(code) }
        run.pass(.seconds(500))
        #expect(run.take() == [.refused(.refused(.upnp, code: code))])
        #expect(igd.requests.filter { $0 == "AddPortMapping" }.count == PortMappingLimits().externalPorts)
    }

    /// IGDv2, section 2.5.17.
    @Test func versionTwoGivesAnotherPort() {
        var (run, igd) = start {
            $0.types = ["urn:schemas-upnp-org:service:WANIPConnection:1", "urn:schemas-upnp-org:service:WANIPConnection:2"]
            $0.table["4001/TCP"] = SimulatedIGD.Entry(client: "192.168.1.99", port: 7, lease: 0)
        }
        #expect(run.take().map(\.mapped) == [external([5, 1, 2, 3], 50_000)])
        #expect(!igd.requests.contains("AddPortMapping"))
    }

    @Test func versionTwoNeedNotKnowItsOwnAction() {
        var (run, igd) = start {
            $0.types = ["urn:schemas-upnp-org:service:WANIPConnection:2"]
            $0.errors["AddAnyPortMapping"] = 401
        }
        #expect(run.take().map(\.mapped) == [external()] && igd.requests.contains("AddPortMapping"))
    }

    @Test func aRefusalIsSaidOnceAndTheGatewayAskedAgain() {
        var (run, igd) = start { $0.errors["AddPortMapping"] = 606 }
        run.pass(.seconds(2000))
        #expect(run.take() == [.refused(.refused(.upnp, code: 606))])
        igd.errors = [:]
        run.pass(.seconds(601))
        #expect(run.take().compactMap(\.mapped) == [external()])
    }

    @Test(arguments: ["100.64.3.4", "192.168.0.2", "10.1.1.1", "127.0.0.1"]) func anAddressThatIsNotPublicIsSaid(ip: String) {
        var (run, igd) = start { $0.external = ip }
        run.pass(.seconds(500))
        #expect(run.take() == [.refused(.notPublic(ip.split(separator: ".").map { UInt8($0)! }))])
        #expect(igd.table.isEmpty && igd.requests.count == 2)
    }

    /// A router has a service for each kind of connection, of which one is in use.
    @Test func theServiceWithAnAddressIsTaken() {
        let types = ["WANIPConnection", "WANPPPConnection"].map { "urn:schemas-upnp-org:service:\($0):1" }
        var asked = 0
        var (run, _) = start {
            $0.types = types
            $0.replaces = { line in
                guard line == "GetExternalIPAddress" else { return nil }
                asked += 1
                return asked == 1 ? SimulatedIGD.done(line, "<NewExternalIPAddress>0.0.0.0</NewExternalIPAddress>") : nil
            }
        }
        #expect(run.take().map(\.mapped) == [external()])
        run =
            start {
                $0.types = types
                $0.external = ""
            }.0
        #expect(run.take() == [.refused(.notPublic([0, 0, 0, 0]))])
    }

    @Test func aNewAddressOfTheGatewayIsToldWithTheNextRenewal() {
        var (run, igd) = start()
        _ = run.take()
        igd.external = "5.9.9.9"
        run.pass(.seconds(130))
        #expect(run.take().compactMap(\.mapped) == [external([5, 9, 9, 9])])
        igd.external = "100.64.0.9"
        run.pass(.seconds(130))
        #expect(run.take() == [.lost(.notPublic([100, 64, 0, 9]))])
    }

    /// It has forgotten everything, and its service lies elsewhere.
    @Test func aRestartIsMendedByTheNextRenewal() {
        var (run, igd) = start([MappingRun.tcp, MappingRun.udp])
        _ = run.take()
        igd.restart(port: 5001)
        run.pass(.seconds(125))
        #expect(run.take().map(\.renewed) == [external(), external()] && igd.table.count == 2 && igd.searches == 2)
    }

    @Test func aMappingEndsWithItsTime() {
        var (run, igd) = start()
        _ = run.take()
        run.gateway.igd = nil
        run.pass(.seconds(1190))
        #expect(run.take().isEmpty)
        run.pass(.seconds(130))
        #expect(run.take() == [.lost(.silent)])
        run.gateway.igd = igd
        run.pass(.seconds(700))
        #expect(run.take().compactMap(\.mapped) == [external()])
    }
}
