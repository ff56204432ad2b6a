import Causeway

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// `causeway`: a relay, a peer, and tools that find out why a connection fails.
@main
struct Main {
    static func main() async {
        signal(SIGPIPE, SIG_IGN)
        Signals.watch()
        let words = Array(CommandLine.arguments.dropFirst())
        do {
            try await run(words)
            Terminal.exit(0)
        } catch let error as UsageError {
            Terminal.complain(error.description)
            Terminal.exit(2)
        } catch let status as ExitStatus {
            Terminal.exit(status.code)
        } catch is CancellationError {
            Terminal.exit(130)
        } catch {
            Terminal.complain("\(error)")
            Terminal.exit(1)
        }
    }

    private static func run(_ words: [String]) async throws {
        guard let name = words.first, !["help", "--help", "-h"].contains(name) else {
            guard words.count > 1, let command = Command.all.first(where: { $0.name == words[1] }) else {
                return say(Help.overview)
            }
            return say(Help.text(command))
        }
        if ["--version", "-V"].contains(name) { return say("causeway \(causewayVersion)\n") }
        guard let command = Command.all.first(where: { $0.name == name }) else {
            throw UsageError("unknown command '\(name)'; expected one of \(Command.all.map(\.name).joined(separator: ", "))")
        }
        let values = try Values(Array(words.dropFirst()), options: command.allOptions)
        if values.flag("help") { return say(Help.text(command)) }
        if values.flag("version") { return say("causeway \(causewayVersion)\n") }
        try await command.run(values, Terminal(json: values.flag("json"), quiet: values.flag("quiet")))
    }

    private static func say(_ text: String) { Output.standard.write(text) }
}
