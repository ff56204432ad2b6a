import CausewayConnection
import CausewayIdentity
import CausewayNode
import Testing

@testable import CausewayRuntime

/// Hole punching with sockets, on one machine: no NAT is in the way.
@Suite struct HolePunchTests {
    private func listen(_ node: TestNode) async throws -> Multiaddr { try await node.shell.listen([Multiaddr("/ip4/127.0.0.1/tcp/0")])[0] }

    @Test(arguments: [1, 2]) func aRelayedConnectionBecomesDirect(loops: Int) async throws {
        var shell = ShellConfiguration()
        shell.loops = loops
        let relay = try TestNode { $0.relay = RelayLimits() }
        let reserver = try TestNode(shell) { $0.holePunching = HolePunchLimits() }
        let dialler = try TestNode(shell) { $0.holePunching = HolePunchLimits() }
        let at = try await listen(relay).appending(relay.peerID)
        let own = [try await listen(reserver), try await listen(dialler)]
        guard case .reserved = await reserver.request({ $0.reserve(request: $1, relayAddress: at, now: $2) }) else {
            Issue.record("no reservation")
            return
        }
        // The relay sees the listener's port.
        let seen = await relay.onShell { shell in
            shell.node.context.connections.order.compactMap { shell.node.context.connections[$0]?.remoteAddress }
        }
        #expect(seen == [own[0]])
        let circuit = at.appending(code: MultiaddrCode.p2pCircuit)
        guard case .connected = await dialler.connect(to: circuit, reserver.peerID) else {
            Issue.record("no circuit")
            return
        }
        for (node, other) in [(reserver, dialler), (dialler, reserver)] {
            _ = await node.event { event in
                guard case .happened(.connected(let connection)) = event else { return false }
                return connection.peer == other.peerID && connection.path == .direct(.tcp)
            }
        }
        let best = await dialler.onShell { $0.node.bestLink(for: reserver.peerID, allowsLimited: false) }
        let link = try #require(best)
        #expect(try await dialler.echo([1, 2, 3], on: link) == [1, 2, 3])
        for node in [relay, reserver, dialler] { await node.stop() }
    }

    /// The second connection to a relay cannot leave from the same port, and takes another.
    @Test func aPortThatIsTakenIsDoneWithout() async throws {
        let (far, near) = (try TestNode(), try TestNode())
        let (at, own) = (try await listen(far), try await listen(near))
        let port = try #require(own.port)
        for link in [UInt32(2000), 2002] {
            await near.onShell { shell in
                shell.node.context.expectLink(
                    link, remoteAddress: at, localAddress: at, path: .direct(.tcp), carrier: nil, isInbound: false)
                shell.first.dial(link, DialTarget(at, expecting: far.peerID, from: port))
            }
        }
        for link in [UInt32(2000), 2002] {
            _ = await near.event { if case .happened(.connected(let connection)) = $0 { connection.id == link } else { false } }
        }
        let locals = await near.onShell { shell in [UInt32(2000), 2002].map { shell.node.context.connections[$0]?.localAddress.port } }
        #expect(locals[0] == port && locals[1] != nil && locals[1] != port)
        // A simultaneous open has no use for another port.
        await near.onShell { $0.first.dial(2004, DialTarget(at, expecting: far.peerID, from: port, as: .simultaneousClient)) }
        #expect(await near.linkCount() == 2)
        for node in [far, near] { await node.stop() }
    }

    /// A remote whose part is the server's has come to the listener, and says no more than the header. Only from a host that is dialled as
    /// by a client does it hear a proposal.
    @Test(arguments: [true, false]) func whoComesAsAServerHearsAProposal(isPunched: Bool) async throws {
        let node = try TestNode()
        let port = try #require(try await listen(node).port)
        node.shell.beginPunch(of: isPunched ? [127, 0, 0, 1] : [127, 0, 0, 2], by: 2000)
        let remote = RawSocket()
        #expect(await remote.connect(to: port, sending: Array("\u{13}/multistream/1.0.0\n".utf8)) == 0)
        while await node.sockets({ $0.link != nil }) != [true] { await Task.yield() }
        await node.stop()
        let proposal = Array("\u{13}/multistream/1.0.0\n\u{07}/noise\n".utf8)
        #expect(await remote.answer().starts(with: proposal) == isPunched)
        remote.stop()
    }

    /// While a client's dial is on its way, and no longer.
    @Test(arguments: [.simultaneousClient, .simultaneousServer, .dialler] as [DialTarget.Role])
    func aHostIsPunchedWhileItIsDialled(role: DialTarget.Role) async throws {
        let node = try TestNode()
        let closed = try await listen(node)
        await node.onShell { shell in for listener in shell.listeners { listener.close() } }
        let remote = try #require(SocketAddress(ip: [127, 0, 0, 1], port: 1))
        let peer = node.otherPeer
        let isPunched = await node.onShell { shell in
            shell.first.dial(2000, DialTarget(closed, expecting: peer, as: role))
            return shell.isPunched(remote)
        }
        #expect(isPunched == (role == .simultaneousClient))
        while await node.linkCount() > 0 { await Task.yield() }
        #expect(!node.shell.isPunched(remote))
        await node.stop()
    }
}
