import CausewayIdentity
import CausewayNode
import Testing

@testable import CausewayLocalNetwork

/// By IPv6, nothing is forwarded to another address: the gateway lets others through.
@Suite("Pinholes") struct PinholeTests {
    private static let client: [UInt8] = [0x2a, 0, 0, 1] + [UInt8](repeating: 0, count: 11) + [7]
    private static let ports = [MappedPort(.tcp, 4001, isIPv6: true), MappedPort(.udp, 4001, isIPv6: true)]

    private func run(_ speaks: Set<GatewayProtocol> = [.pcp]) -> MappingRun {
        var run = MappingRun(from: Self.client)
        run.gateway.speaks = speaks
        run.gateway.external = Self.client
        run.gateway.igd = SimulatedIGD()
        run.map(Self.ports)
        run.pass(.seconds(5))
        return run
    }

    @Test func areOpenedRenewedAndClosed() {
        var run = run()
        let here = Endpoint(ip: Self.client, port: 4001)
        func external(_ state: PortMappingChange.State) -> Endpoint? {
            switch state {
            case .mapped(let at, _), .renewed(let at, _): at
            case .lost, .refused: nil
            }
        }
        #expect(run.take().map(external) == [here, here] && run.gateway.mappings.count == 2)
        run.pass(.seconds(3600))
        #expect(run.take().allSatisfy { external($0) == here })
        run.release()
        #expect(run.isReleased && run.gateway.mappings.isEmpty)
        #expect(run.gateway.requests.allSatisfy { $0[0] == 2 && Array($0[8..<24]) == Self.client })
    }

    @Test func areAskedForByPCPAlone() {
        var run = run([.natPMP])
        #expect(run.take() == [.refused(.silent), .refused(.silent)])
        #expect(run.gateway.requests.allSatisfy { $0[0] == 2 } && run.gateway.igd?.searches == 0)
    }

    @Test(arguments: [[5, 1, 2, 3], [0xfd] + [UInt8](repeating: 1, count: 15)] as [[UInt8]]) func needAPublicIPv6Address(external: [UInt8])
    {
        var run = MappingRun(from: Self.client)
        run.gateway.external = external
        run.map(Self.ports)
        run.pass(.seconds(5))
        let why: PortMappingError = external.count == 4 ? .nonsense(.pcp) : .notPublic(external)
        #expect(run.take() == [.refused(why), .refused(why)])
    }
}
