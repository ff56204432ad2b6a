import CausewayConnection
import CausewayIdentity
import CausewayNode
import Testing

@testable import CausewayRuntime

private func loopback(_ suffix: String = "") throws -> Multiaddr { try Multiaddr("/ip4/127.0.0.1/tcp/0" + suffix) }

func pattern(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: ($0 &* 2_654_435_761) >> 13) } }

extension Answer {
    var link: UInt32? { if case .connected(let link) = self { link } else { nil } }
}

@Test(arguments: ["", "/ws"], [1, 2])
func twoNodesEcho(suffix: String, loops: Int) async throws {
    var shell = ShellConfiguration()
    shell.loops = loops
    let server = try TestNode(shell)
    let client = try TestNode(shell)
    let addresses = try await server.shell.listen([loopback(suffix)])
    #expect(addresses.count == 1)
    let link = try #require(await client.connect(to: addresses[0], server.peerID).link)
    for size in [0, 1, 64, 65_536, 3_000_000] {
        let sent = pattern(size)
        let back = try await client.echo(sent, on: link)
        #expect(back == sent, "\(size) bytes")
    }
    await client.stop()
    await server.stop()
}

@Test func tcpAndWebSocketShareAPort() async throws {
    let server = try TestNode()
    let probe = try await server.shell.listen([loopback()])
    let port = try #require(probe[0].port)
    await server.stop()
    let again = try TestNode()
    let both = [try Multiaddr("/ip4/127.0.0.1/tcp/\(port)"), try Multiaddr("/ip4/127.0.0.1/tcp/\(port)/ws")]
    #expect(try await again.shell.listen(both) == both)
    for address in both {
        let client = try TestNode()
        let link = try #require(await client.connect(to: address, again.peerID).link)
        #expect(try await client.echo([1, 2, 3], on: link) == [1, 2, 3])
        await client.stop()
    }
    await again.stop()
}
