import CausewayIdentity
import Testing

@testable import CausewayNode
@testable import CausewayRuntime

// Only Linux has all of 127.0.0.0/8 on its loopback interface.
#if os(Linux)
    @Suite("A gateway that speaks UPnP", .timeLimit(.minutes(1))) struct UPnPTests {
        private func node(_ gateway: Endpoint) throws -> TestNode {
            var configuration = ShellConfiguration()
            configuration.mapsPorts = true
            configuration.network = { NetworkState(gateway: gateway, addresses: [[127, 0, 0, 1]]) }
            return try TestNode(configuration)
        }

        private func change(of node: TestNode) async -> PortMappingChange? {
            let event = await node.event { if case .happened(.portMapping) = $0 { true } else { false } }
            guard case .happened(.portMapping(let change)) = event else { return nil }
            return change
        }

        @Test func mapsAndDeletesANodesPorts() async throws {
            let igd = try await TestIGD()
            let node = try node(igd.gateway)
            let bound = try await node.shell.listen([Multiaddr("/ip4/127.0.0.1/tcp/0/ws")])
            let port = try #require(bound.first?.port)
            let change = try #require(await change(of: node))
            guard case .mapped(let external, _) = change.state else { return #expect(Bool(false), "\(change.state)") }
            #expect(change.port == MappedPort(.tcp, port) && external == Endpoint(ip: TestIGD.external, port: port))
            let mapped = await node.onShell { $0.node.context.addresses.all.filter { $0.kind == .mapped }.map(\.address) }
            #expect(try mapped == [Multiaddr("/ip4/5.1.2.3/tcp/\(port)/ws")])
            await node.shell.stop()
            #expect(
                igd.actions == ["GetExternalIPAddress", "AddPortMapping", "GetSpecificPortMappingEntry", "DeletePortMapping"])
            igd.stop()
        }

        @Test func saysWhatItCanDo() async throws {
            let igd = try await TestIGD()
            let node = try node(igd.gateway)
            let report = try #require(await node.shell.probeGateway(within: .milliseconds(1500)))
            #expect(report.speaksUPnP && report.external == TestIGD.external && !report.speaksPCP && !report.speaksNATPMP)
            #expect(igd.actions == ["GetExternalIPAddress"])
            await node.shell.stop()
            igd.stop()
        }

        @Test func isNotReadWithoutEnd() async throws {
            let igd = try await TestIGD(isEndless: true)
            let node = try node(igd.gateway)
            let report = await node.shell.probeGateway(within: .milliseconds(300))
            #expect(report?.speaksUPnP == false)
            _ = try await node.shell.listen([Multiaddr("/ip4/127.0.0.1/tcp/0")])
            let change = try #require(await change(of: node))
            #expect(change.state == .refused(.faulty(.tooLong(limit: 64 << 10))))
            await node.shell.stop()
            igd.stop()
            // What the systems hold between them, of two connections.
            #expect(igd.bytesSent < 64 << 20)
        }
    }
#endif
