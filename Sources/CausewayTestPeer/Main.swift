import Causeway

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Our peer for the control protocol, which the interop tests speak with every implementation (Tests/Peers/PROTOCOL.md).
@main
struct Main {
    static func main() async {
        signal(SIGPIPE, SIG_IGN)
        Output.standard.tellLosses { "{\"event\":\"lost\",\"lines\":\($0)}\n" }
        let lines = Console.lines()
        var configured: [UInt8]?
        for await line in lines {
            configured = line
            break
        }
        guard let first = configured else { Console.exit(0) }
        do {
            let configuration = try PeerConfiguration(try JSON(parsing: first.isEmpty ? Array("{}".utf8) : first))
            let peer = try TestPeer(configuration)
            let status = try await peer.run(lines)
            Console.exit(status)
        } catch {
            Console.event("error", ["error": .text("\(error)")])
            Console.exit(1)
        }
    }
}
