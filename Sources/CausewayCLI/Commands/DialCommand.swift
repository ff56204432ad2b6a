import Causeway

extension Command {
    static let dial = Command(
        name: "dial", arguments: "<address>", summary: "connect to a peer and report the path taken, or why every address failed",
        examples: [
            "causeway dial /ip4/203.0.113.5/tcp/4001/p2p/12D3KooW…",
            "causeway dial /dns4/relay.example.org/tcp/443/wss/p2p/12D3KooW…/p2p-circuit/p2p/12D3KooW…",
        ],
        options: identity + trust,
        run: { values, terminal in
            let (address, _) = try Command.peerAddress(values)
            try await Running.node(try Command.configuration(values)) { node in
                let events = node.events
                async let _: Void = { for await event in events { tellAttempt(event, terminal) } }()
                // The attempts are printed before the result.
                defer { events.cancel() }
                try await runDial(node, address, terminal)
            }
        })

    private static func tellAttempt(_ event: Event, _ terminal: Terminal) {
        guard case .dialAttempt(let outcome) = event else { return }
        terminal.say("\("  tried \(outcome)", .grey)")
        terminal.tell("dial", ["addr": .text(outcome.address.description), "result": .text(outcome.result.description)])
    }

    private static func runDial(_ node: Node, _ address: Multiaddr, _ terminal: Terminal) async throws {
        let start = ContinuousClock.now
        let connection = try await node.connect(to: address)
        let took = ContinuousClock.now - start
        terminal.say("connected to \(connection.peer.description, .bold) in \(Amount.milliseconds(took))")
        terminal.say("  at \(connection.remoteAddress)\(connection.isLimited ? ", relayed and limited" : "")")
        let info = try await identify(node, connection.peer)
        terminal.say("  agent \(info?.agent ?? "unknown")")
        for name in info?.protocolIDs ?? [] { terminal.say("  speaks \(name)") }
        terminal.tell(
            "connected",
            [
                "peerId": .text(connection.peer.description), "addr": .text(connection.remoteAddress.description),
                "limited": .bool(connection.isLimited), "agent": info.map { .text($0.agent) },
                "protocols": info.map { .array($0.protocolIDs.map { .text($0) }) },
            ])
    }

    /// What identify said about the peer; waits up to 5 s for it.
    static func identify(_ node: Node, _ peer: PeerID) async throws -> PeerInfo? {
        for _ in 0..<500 {
            if let info = await node.info(of: peer) { return info }
            try await Task.sleep(for: .milliseconds(10))
        }
        return nil
    }
}
