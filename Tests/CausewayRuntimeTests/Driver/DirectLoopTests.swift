import CausewayIdentity
import CausewayNode
import CausewayWebRTC
import Foundation
import Testing

@testable import CausewayConnection
@testable import CausewayRuntime

/// Associations of one port on several loops.
@Suite("WebRTC on several loops", .timeLimit(.minutes(2))) struct DirectLoopTests {
    private func server(loops: Int, _ given: ShellConfiguration = ShellConfiguration()) throws -> TestNode {
        var shell = given
        shell.loops = loops
        return try TestNode(shell)
    }

    /// How many links each loop carries.
    private func linkCounts(of node: TestNode) async -> [Int] {
        var counts: [Int] = []
        for linkLoop in node.shell.linkLoops { counts.append(await linkLoop.loop.perform { linkLoop.links.count }) }
        return counts
    }

    @Test func eachLoopHasItsShare() async throws {
        let server = try server(loops: 3)
        let address = try await server.listenDirect()
        var clients: [(TestNode, UInt32)] = []
        for _ in 0..<6 {
            let client = try TestNode()
            clients.append((client, try #require(await client.connect(to: address, server.peerID).link)))
        }
        #expect(await linkCounts(of: server) == [2, 2, 2])
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (client, link) in clients {
                group.addTask {
                    let back = try await client.echo(pattern(1 << 20), on: link)
                    #expect(back == pattern(1 << 20))
                }
            }
            for connection in await server.onShell({ $0.node.connectionDescriptions }) {
                group.addTask {
                    let back = try await server.echo(pattern(1 << 20), on: connection.id)
                    #expect(back == pattern(1 << 20))
                }
            }
            try await group.waitForAll()
        }
        // Each end is seen on its loop, and on the port's.
        for (client, _) in clients { await client.stop() }
        while await linkCounts(of: server) != [0, 0, 0] { try await Task.sleep(for: .milliseconds(2)) }
        while await server.onShell({ $0.datagramPorts[0].count }) > 0 { try await Task.sleep(for: .milliseconds(2)) }
        await server.stop()
    }

    @Test func aRemoteWithAnotherPortKeepsItsConnectionAndItsLoop() async throws {
        try await withDatagramLoop { loop in
            let server = try server(loops: 2, .impatient)
            let address = try await server.listenDirect()
            for _ in 0..<2 {
                let client = try TestNode(.impatient)
                let way = await PortChanger(on: loop, to: address)
                let link = try #require(await client.connect(to: way.address(of: address), server.peerID).link)
                #expect(try await client.echo([1], on: link) == [1])
                for _ in 0..<3 {
                    await way.change()
                    #expect(try await client.echo(pattern(100_000), on: link) == pattern(100_000))
                }
                await client.stop()
            }
            await server.stop()
        }
    }

    /// What the port takes for a loop that is behind is bounded.
    @Test func aLoopThatIsBehindLosesDatagrams() async throws {
        let server = try server(loops: 2)
        _ = try await server.listenDirect()
        let branch = await server.onShell { $0.datagramPorts[0].branches[1] }
        let barrier = DispatchSemaphore(value: 0)
        server.shell.linkLoops[1].loop.post { barrier.wait() }
        let remote = try #require(Endpoint(ip: [127, 0, 0, 1], port: 9))
        for _ in 0..<64 {
            await server.onShell { _ in
                let bytes = [UInt8](repeating: 0, count: 1200)
                for _ in 0..<100 { bytes.withUnsafeBytes { branch.take($0, of: 1, from: remote) } }
            }
        }
        let most = DatagramBranch.mostWaiting + DatagramBatch.capacity + 100 * 1200
        #expect(branch.waitingBytes >= DatagramBranch.mostWaiting && branch.waitingBytes <= most)
        barrier.signal()
        while branch.waitingBytes > 0 { try await Task.sleep(for: .milliseconds(2)) }
        await server.stop()
    }

    @Test(arguments: [1, 1200, 9000]) func batchesKeepDatagramsApart(size: Int) throws {
        let batch = DatagramBatch()
        var sent: [[UInt8]] = []
        let remote = try #require(Endpoint(ip: [127, 0, 0, 1], port: 9))
        while true {
            let next = [UInt8](repeating: UInt8(sent.count & 255), count: sent.count % 3 == 2 ? 0 : size)
            guard next.withUnsafeBytes({ batch.append($0, of: UInt32(sent.count), from: remote) }) else { break }
            sent.append(next)
        }
        #expect(sent.count > 7 && sent.count < 3000 && batch.size <= DatagramBatch.capacity)
        var seen: [[UInt8]] = []
        batch.lendEach { id, bytes, from in
            #expect(Int(id) == seen.count && from == remote)
            seen.append([UInt8](bytes))
        }
        #expect(seen == sent)
    }

    @Test func aSocketSendsByThePortOfAnotherLoop() async throws {
        try await withDatagramLoop { loop in
            try await withDatagramLoop { other in
                let receiver = try await loop.datagramSocket()
                let target = await loop.perform { receiver.socket!.localEndpoint }
                let listener = try await other.datagramSocket()
                let to = await other.perform { listener.socket!.localEndpoint }
                let sender = DatagramRecorder(on: other)
                let count = 500
                await other.perform {
                    let socket = try! DatagramSocket(on: other, sendingBy: receiver.socket!)
                    sender.socket = socket
                    socket.owner = sender
                    #expect(socket.localEndpoint == target)
                    for number in 0..<count { try? socket.send([UInt8](repeating: UInt8(number & 255), count: 100), to: to) }
                }
                await listener.wait { $0.received.count == count }
                let received = await other.perform { listener.received }
                #expect(received.allSatisfy { $0.remote == target })
                // It takes nothing of what comes to the port.
                await other.perform { try? listener.socket!.send([1], to: target) }
                await receiver.wait { $0.received.count == 1 }
                #expect(await other.perform { sender.received.isEmpty })
            }
        }
    }
}
