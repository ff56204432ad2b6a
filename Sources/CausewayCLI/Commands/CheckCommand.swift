import Causeway

extension Command {
    static let check = Command(
        name: "check", arguments: "[<peer>]",
        summary: "say what this network lets through, and why a connection stays relayed",
        examples: [
            "causeway check --relay /ip4/203.0.113.5/tcp/4001/p2p/12D3KooW… --relay /dns4/relay.example.org/tcp/443/wss/p2p/12D3KooW…",
            "causeway check --relay /ip4/203.0.113.5/tcp/4001/p2p/12D3KooW… 12D3KooW…",
            "causeway check /ip4/203.0.113.5/tcp/4001/p2p/12D3KooW…/p2p-circuit/p2p/12D3KooW…",
        ],
        options: identity + [
            Option("relay", .list("ADDRESS"), "ask this relay; two of them see how a NAT treats different peers"),
            Option("stun", .list("ADDRESS"), "also ask this STUN server: /ip4/…/udp/… or /ip6/…/udp/…"),
        ] + family + trust,
        run: { values, terminal in
            let question = try CheckQuestion(values)
            var configuration = try Command.configuration(values)
            configuration.stunServers = try values.addresses("stun")
            try await Running.node(configuration) { node in
                let report = try await node.check(question.peer, at: question.addresses, relays: question.relays)
                for line in CheckPrinter(width: Terminal.width).lines(report) { terminal.say(line) }
                terminal.tell("check", members: report.json)
                if report.verdict.summary == .red { throw ExitStatus(code: 1) }
            }
        })
}

/// About whom a check asks, and whom it asks.
struct CheckQuestion {
    let peer: PeerID?
    let addresses: [Multiaddr]
    let relays: [Multiaddr]

    init(_ values: Values) throws(UsageError) {
        guard values.arguments.count <= 1 else { throw UsageError("unexpected argument '\(values.arguments[1])'; see --help") }
        var relays = try values.addresses("relay")
        for relay in relays where relay.peerID == nil { throw UsageError("--relay \(relay) must end in /p2p/<peer id>") }
        let servers = try values.addresses("stun")
        guard let word = values.arguments.first else {
            guard !relays.isEmpty || !servers.isEmpty else {
                throw UsageError("there is nobody to ask: name a relay by --relay, better two, or a STUN server by --stun; see --help")
            }
            (peer, addresses, self.relays) = (nil, [], relays)
            return
        }
        if !word.hasPrefix("/") {
            guard let peer = try? PeerID(text: word) else { throw UsageError("'\(word)' is neither a peer id nor an address; see --help") }
            guard !relays.isEmpty else { throw UsageError("a peer id alone needs a --relay through which the peer is reached") }
            (self.peer, addresses, self.relays) = (peer, [], relays)
            return
        }
        let address = try Values.address(word, for: "address")
        guard let peer = address.peerID else { throw UsageError("address \(address) must end in /p2p/<peer id>") }
        // The relay in the address is asked as well.
        if let relay = address.splitAtCircuit()?.relay, relay.peerID != nil, !relays.contains(relay) { relays.append(relay) }
        (self.peer, addresses, self.relays) = (peer, [address], relays)
    }
}
