import Causeway

extension Command {
    static let dial = Command(
        name: "dial", arguments: "<address>", summary: "connect to a peer and report the path taken, or why every address failed",
        examples: [
            "causeway dial /ip4/203.0.113.5/tcp/4001/p2p/12D3KooW…",
            "causeway dial /dns4/relay.example.org/tcp/443/wss/p2p/12D3KooW…/p2p-circuit/p2p/12D3KooW…",
        ],
        options: identity + family + trust + [Option("quiet", letter: "q", .flag, "print one line: to whom it is connected, and how soon")],
        run: { values, terminal in
            let (address, _) = try Command.peerAddress(values)
            try await Running.node(try Command.configuration(values)) { node in
                let events = node.events()
                let identified = node.events()
                async let _: Void = { for await event in events { tellAttempt(event, terminal) } }()
                // The attempts are printed before the result.
                defer { events.cancel() }
                try await runDial(node, address, identified, terminal)
            }
        })

    private static func tellAttempt(_ event: Event, _ terminal: Terminal) {
        guard case .dialAttempt(let outcome) = event else { return }
        terminal.remark("\("  tried \(outcome)", .grey)")
        terminal.tell(event.record)
    }

    private static func runDial(_ node: Node, _ address: Multiaddr, _ events: Feed<Event>, _ terminal: Terminal) async throws {
        let start = ContinuousClock.now
        let connection = try await node.connect(to: address)
        let took = ContinuousClock.now - start
        terminal.say("connected to \(connection.peer.description, .bold) in \(Amount.milliseconds(took))")
        terminal.remark("  at \(connection.remoteAddress)\(connection.isLimited ? ", relayed and limited" : "")")
        if terminal.isQuiet, !terminal.isJSON { return }
        let info = await identity(of: connection.peer, events)
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

    /// What identify tells of a peer, waited for up to 5 s; nil if it tells nothing.
    private static func identity(of peer: PeerID, _ events: Feed<Event>) async -> PeerInfo? {
        await withTaskGroup(of: PeerInfo?.self) { group in
            group.addTask {
                for await event in events {
                    switch event {
                    case .identified(let info) where info.peer == peer: return info
                    case .notIdentified(peer, _), .peerDisconnected(peer): return nil
                    default: break
                    }
                }
                return nil
            }
            group.addTask {
                try? await Task.sleep(for: .seconds(5))
                return nil
            }
            defer { group.cancelAll() }
            return await group.next() ?? nil
        }
    }
}
