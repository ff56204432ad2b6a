// Shows: a stream between two peers that can reach each other only through a relay.
//
// The first peer reserves at the relay and serves an echo. The second one opens a stream to it over a circuit, writes,
// finishes, and reads the echo.
//
//   Echo <relay address>                      serves, and prints the command for the second peer
//   Echo <relay address>/p2p-circuit/p2p/…    calls the first peer
import Causeway

@main
struct Echo {
    static func main() async throws {
        guard CommandLine.arguments.count == 2 else { return print("usage: Echo <relay address or circuit address>") }
        let address = try Multiaddr(CommandLine.arguments[1])
        let node = try Node()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await node.run() }
            if address.isCircuit {
                let stream = try await node.open("/echo/1.0.0", to: address)
                try await stream.write("hello through the relay")
                try await stream.finish()
                while let chunk = try await stream.read() { print(String(decoding: chunk, as: UTF8.self)) }
                // Ends `run`, which closes the connections in order.
                group.cancelAll()
            } else {
                // A relay limits most circuits, so the protocol has to allow that.
                let streams = try await node.streams(for: "/echo/1.0.0", allowsLimited: true)
                try await node.reserve(at: address)
                for address in await node.addresses { print("Echo \(address)") }
                await streams.serve { stream in
                    while let chunk = try await stream.read() { try await stream.write(chunk) }
                    try await stream.finish()
                }
            }
        }
    }
}
