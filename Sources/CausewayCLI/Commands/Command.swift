import Causeway

/// A command of the tool.
struct Command: Sendable {
    let name: String
    /// The arguments that follow the name in help, such as `<address>`.
    let arguments: String
    let summary: String
    let examples: [String]
    let options: [Option]
    let run: @Sendable (Values, Terminal) async throws -> Void

    static let all: [Command] = [.relay, .peer, .check, .dial, .ping, .perf, .id, .keygen, .completions, .manual]

    /// The command's own options and those that all commands share.
    var allOptions: [Option] { options + Self.common }

    static let common = [
        Option("config", .value("FILE"), "options from a JSON file: {\"listen\": [\"…\"], \"circuit-data\": \"1MiB\"}"),
        Option("json", .flag, "print one JSON object per line, for programs"),
        Option("log", .value("LEVELS"), "what to tell on standard error: debug; or dial=debug,gossip=info", standard: "off"),
        Option("verbose", letter: "v", .flag, "tell everything on standard error, as --log debug does"),
        Option("help", letter: "h", .action, "print this text"),
        Option("version", letter: "V", .action, "print the version"),
    ]

    /// For commands that dial.
    static let family = [
        Option("ipv4", letter: "4", .flag, "dial IPv4 addresses alone"), Option("ipv6", letter: "6", .flag, "dial IPv6 addresses alone"),
    ]

    /// Who the node is and where it listens.
    static let identity = [
        Option("key", .value("FILE"), "the private key's file; it is made if it does not exist", standard: "a fresh key for this run")
    ]

    static let trust = [
        Option("ca", .value("FILE"), "certificate authorities (PEM) to trust for wss", standard: "the system's"),
        Option("insecure", .flag, "accept any certificate for wss; Noise still authenticates the peer"),
    ]

    static func configuration(_ values: Values) throws(UsageError) -> Configuration {
        var configuration = Configuration()
        configuration.log = try values.logLevels()
        if let path = values.text("key") { configuration.identity = .file(path: path) }
        if let path = values.text("ca") { configuration.trust = .authorities(path: path) }
        if values.flag("insecure") { configuration.trust = .anything }
        configuration.dialledFamily = try dialledFamily(values)
        return configuration
    }

    private static func dialledFamily(_ values: Values) throws(UsageError) -> IPFamily? {
        switch (values.flag("ipv4"), values.flag("ipv6")) {
        case (true, true): throw UsageError("-4 and -6 exclude each other")
        case (true, false): .ipv4
        case (false, true): .ipv6
        case (false, false): nil
        }
    }

    /// Says on which addresses the node does not listen, although it would if it could.
    static func tellFailures(of node: Node, _ terminal: Terminal) {
        for failure in node.listenFailures {
            terminal.say("\("!", .yellow) \(failure)")
            if case .cannotListen(let address, let reason) = failure {
                terminal.tell("not-listening", ["addr": .text(address.description), "error": .text(reason)])
            }
        }
    }

    /// The command's only argument.
    static func argument(_ values: Values, _ what: String) throws(UsageError) -> String {
        guard let word = values.arguments.first else { throw UsageError("\(what) is missing; see --help") }
        guard values.arguments.count == 1 else { throw UsageError("unexpected argument '\(values.arguments[1])'; see --help") }
        return word
    }

    static func noArguments(_ values: Values) throws(UsageError) {
        if let word = values.arguments.first { throw UsageError("unexpected argument '\(word)'; see --help") }
    }

    /// An address that ends in a peer id.
    static func peerAddress(_ values: Values) throws(UsageError) -> (Multiaddr, PeerID) {
        let address = try Values.address(try argument(values, "the peer's address"), for: "address")
        guard let peer = address.peerID else { throw UsageError("address \(address) must end in /p2p/<peer id>") }
        if let family = try dialledFamily(values), case .ip(let ip)? = address.host, (ip.count == 4) != (family == .ipv4) {
            throw UsageError("address \(address) is IPv\(ip.count == 4 ? "4, and -6 dials IPv6" : "6, and -4 dials IPv4") alone")
        }
        return (address, peer)
    }
}
