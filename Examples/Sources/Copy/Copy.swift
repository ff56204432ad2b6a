// Shows: a file that arrives whole, whatever happens to the connections on the way.
//
// The first peer reserves at the relay and takes files. The second one opens a resumable stream to it over a circuit. The
// stream moves to a direct connection when there is one, and to another when that ends.
//
//   Copy <relay address> <file to write>                      takes one file, and prints the command for the second peer
//   Copy <relay address>/p2p-circuit/p2p/… <file to send>     sends a file, and tells how far it is
import Causeway
import Foundation

@main
struct Copy {
    static let protocolID = "/copy/1"

    static func main() async throws {
        guard CommandLine.arguments.count == 3 else { return print("usage: Copy <relay address or circuit address> <file>") }
        let address = try Multiaddr(CommandLine.arguments[1])
        let path = CommandLine.arguments[2]
        var configuration = Configuration()
        configuration.listen = [try Multiaddr("/ip4/0.0.0.0/tcp/0")]
        let node = try Node(configuration)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await node.run() }
            if address.isCircuit {
                try await send(path, to: address, from: node)
            } else {
                try await take(path, at: node, reservedAt: address)
            }
            // Ends `run`, which closes the connections in order.
            group.cancelAll()
        }
    }

    static func send(_ path: String, to address: Multiaddr, from node: Node) async throws {
        let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
        let stream = try await node.open(protocolID, to: address, resumable: true)
        var (sent, told) = (0, 0)
        while let chunk = try file.read(upToCount: 64 << 10), !chunk.isEmpty {
            try await stream.write([UInt8](chunk))
            sent += chunk.count
            guard sent - told >= 1 << 20 else { continue }
            told = sent
            say("sent \(sent), resumed \(stream.resumptions)")
        }
        // Returns when the other node has confirmed everything.
        try await stream.finish()
        let answer = try await stream.read() ?? []
        say("\(String(decoding: answer, as: UTF8.self)), resumed \(stream.resumptions)")
    }

    static func take(_ path: String, at node: Node, reservedAt relay: Multiaddr) async throws {
        // A relay limits most circuits, so the protocol has to allow that.
        let streams = try await node.streams(for: protocolID, allowsLimited: true, resumable: true)
        try await node.reserve(at: relay)
        for address in await node.addresses where address.isCircuit { say("Copy \(address) FILE") }
        guard let stream = await streams.next() else { return }
        guard FileManager.default.createFile(atPath: path, contents: nil) else { return print("cannot write \(path)") }
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        var count = 0
        while let chunk = try await stream.read() {
            try file.write(contentsOf: chunk)
            count += chunk.count
            say("received \(count)")
        }
        try file.close()
        try await stream.write("received \(count) bytes")
        try await stream.finish()
    }

    /// Prints a line at once, whatever standard output is.
    static func say(_ line: String) { FileHandle.standardOutput.write(Data((line + "\n").utf8)) }
}
