import CausewayConnection
import CausewayIdentity
import CausewayNode
import Synchronization
import Testing

@testable import CausewayRuntime

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

@Suite struct NetworkChangeTests {
    private static let loopback: [UInt8] = [127, 0, 0, 1]
    private static let other: [UInt8] = [10, 9, 8, 7]
    private static let epoch: UInt64 = 1_700_000_000_000_000_000

    private static func change(
        _ old: [[UInt8]], _ new: [[UInt8]], unixEpoch epoch: UInt64 = epoch, after interval: Interval = .seconds(1)
    ) -> NetworkChange? {
        let start = Instant(nanoseconds: 1_000_000_000)
        return NetworkChange(
            from: NetworkLook(state: NetworkState(addresses: old), unixEpoch: Self.epoch, at: start),
            to: NetworkLook(state: NetworkState(addresses: new), unixEpoch: epoch, at: start + interval))
    }

    @Test func itTellsWhatHasHappened() throws {
        #expect(Self.change([Self.loopback], [Self.loopback], unixEpoch: Self.epoch + 1_000_000) == nil)
        let gained = try #require(Self.change([Self.loopback], [Self.loopback, Self.other]))
        #expect(gained.lost.isEmpty && !gained.hasSlept)
        let lost = try #require(Self.change([Self.loopback, Self.other], [Self.other]))
        #expect(lost.lost == [Self.loopback] && !lost.hasSlept)
        let hour: UInt64 = 3_600_000_000_000
        for epoch in [Self.epoch + hour, Self.epoch - hour] {
            let slept = try #require(Self.change([Self.other], [Self.other], unixEpoch: epoch))
            #expect(slept.lost.isEmpty && slept.hasSlept)
        }
        // Only this process was held.
        #expect(Self.change([Self.other], [Self.other], after: .seconds(5)) == nil)
        let held = try #require(Self.change([Self.other], [Self.other], after: .seconds(60)))
        #expect(held.lost.isEmpty && held.hasSlept)
    }

    /// The machine's addresses, as tests set them.
    private final class Machine: Sendable {
        let addresses: Mutex<[[UInt8]]>

        init(_ addresses: [[UInt8]]) { self.addresses = Mutex(addresses) }

        var shell: ShellConfiguration {
            var shell = ShellConfiguration()
            shell.loops = 2
            shell.network = { NetworkState(addresses: self.addresses.withLock { $0 }) }
            return shell
        }
    }

    @Test func anUnspecifiedAddressFollowsTheMachine() async throws {
        let machine = Machine([])
        let node = try TestNode(machine.shell)
        _ = try await node.shell.listen([try Multiaddr("/ip4/0.0.0.0/tcp/0")])
        machine.addresses.withLock { $0 = [Self.other] }
        // It ends when this comes.
        _ = await node.event {
            guard case .happened(.addressesChanged(let addresses)) = $0 else { return false }
            return addresses.map(\.host) == [.ip(Self.other)]
        }
        await node.stop()
    }

    /// Both loops of a node have such connections.
    @Test func connectionsOfAnAddressThatIsLostEnd() async throws {
        let machine = Machine([Self.loopback])
        let server = try TestNode()
        let address = try await server.shell.listen([try Multiaddr("/ip4/127.0.0.1/tcp/0")])[0]
        let clients = try [TestNode(machine.shell), TestNode(machine.shell)]
        for client in clients { #expect(await client.connect(to: address, server.peerID).link != nil) }
        machine.addresses.withLock { $0 = [Self.other] }
        for client in clients {
            let event = await client.event { if case .happened(.disconnected) = $0 { true } else { false } }
            guard case .happened(.disconnected(_, let reason)) = event else { continue }
            #expect(reason == .link(errno: EADDRNOTAVAIL))
        }
        for node in clients + [server] { await node.stop() }
    }
}
