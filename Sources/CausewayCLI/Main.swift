import Causeway
import Glibc

/// `causeway`: a relay, a peer, and tools to find out why a connection fails.
@main
struct Main {
    static func main() async {
        signal(SIGPIPE, SIG_IGN)
        let words = Array(CommandLine.arguments.dropFirst())
        do {
            try await run(words)
        } catch let error as UsageError {
            Terminal.complain(error.description)
            exit(2)
        } catch is CancellationError {
            exit(130)
        } catch {
            Terminal.complain("\(error)")
            exit(1)
        }
    }

    private static func run(_ words: [String]) async throws {
        guard let name = words.first, !["help", "--help", "-h"].contains(name) else {
            guard words.count > 1, let command = Command.all.first(where: { $0.name == words[1] }) else {
                return Terminal.write(1, Help.overview)
            }
            return Terminal.write(1, Help.text(command))
        }
        if name == "--version" { return Terminal.write(1, "causeway \(causewayVersion)\n") }
        guard let command = Command.all.first(where: { $0.name == name }) else {
            throw UsageError("unknown command '\(name)'; there are: \(Command.all.map(\.name).joined(separator: ", "))")
        }
        let values = try Values(Array(words.dropFirst()), options: command.allOptions)
        if values.flag("help") { return Terminal.write(1, Help.text(command)) }
        try await command.run(values, Terminal(json: values.flag("json")))
    }
}
