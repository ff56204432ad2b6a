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
        let lines = Console.lines()
        var configured: [UInt8]?
        for await line in lines {
            configured = line
            break
        }
        guard let first = configured else { exit(0) }
        do {
            let configuration = try PeerConfiguration(try JSON(parsing: first.isEmpty ? Array("{}".utf8) : first))
            let peer = try TestPeer(configuration)
            let status = try await peer.run(lines)
            exit(status)
        } catch {
            Console.event("error", ["error": .text("\(error)")])
            exit(1)
        }
    }
}
