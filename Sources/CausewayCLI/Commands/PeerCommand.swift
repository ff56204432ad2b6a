import Causeway

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

extension Command {
    private static let standardDiscovery = [Configuration.Discovery.pubsub, .json]
    /// Browsers and other peers of the same network, and of all where the peer has a public address, need no relay then.
    private static let standardIfPossible = ["/ip4/0.0.0.0/udp/0/webrtc-direct", "/ip6/::/udp/0/webrtc-direct"]

    static let peer = Command(
        name: "peer", arguments: "", summary: "run a peer: discover others and print events; with --topic, chat by lines",
        examples: [
            "causeway peer --relay /ip4/203.0.113.5/tcp/4001/p2p/12D3KooW… --topic hello",
            "causeway peer --relay /dns4/relay.example.org/tcp/443/wss/p2p/12D3KooW… --json",
        ],
        options: identity + [
            Option("relay", .list("ADDRESS"), "hold a reservation at this relay, so that others can reach this peer through it"),
            Option(
                "listen", .list("ADDRESS"), "where to listen, besides at relays",
                standard: standardIfPossible.joined(separator: ", ")),
            Option("no-listen", .flag, "open no port: be reached through relays alone"),
            Option("no-map-ports", .flag, "do not ask the router to forward this peer's ports"),
            Option(
                "hard-nats", .flag,
                "pass NATs that give each remote another port, with peers that do so, too: up to 256 sockets or 1,150 packets for one"),
            Option("no-mdns", .flag, "do not look for peers in the local network, nor tell it of this one"),
            Option("topic", .value("NAME"), "join the topic: publish each line typed, print each message received"),
            Option(
                "discovery", .list("TOPIC"), "topics for discovering peers",
                standard: standardDiscovery.map(\.topic).joined(separator: " and ")),
            Option("dial", .flag, "dial discovered peers"),
            Option("dial-local", .flag, "with --dial: also dial discovered addresses of this machine and its network"),
            Option("quiet", letter: "q", .flag, "print no events: only this peer's addresses, and messages"),
        ] + GossipOptions.all + family + trust,
        run: { values, terminal in
            try Command.noArguments(values)
            let topic = values.text("topic")
            var configuration = try peerConfiguration(values)
            configuration.pubSub = try GossipOptions.pubSub(values)
            // Who types is told that nobody is here yet.
            configuration.pubSub?.allowsPublishToZeroTopicPeers = true
            configuration.fitDescriptors()
            try await Running.node(configuration) { node in try await runPeer(node, topic, terminal) }
        })

    private static func peerConfiguration(_ values: Values) throws(UsageError) -> Configuration {
        var configuration = try configuration(values)
        let relays = try values.addresses("relay")
        for relay in relays where relay.peerID == nil { throw UsageError("--relay \(relay) must end in /p2p/<peer id>") }
        if !relays.isEmpty { configuration.relays = .init(relays) }
        configuration.listen = try values.addresses("listen")
        if configuration.listen.isEmpty, !values.flag("no-listen") {
            configuration.listenIfPossible = try Values.addresses(standardIfPossible, for: "--listen")
        }
        let topics = values.texts("discovery")
        configuration.discovery =
            topics.isEmpty
            ? standardDiscovery : topics.map { .init(topic: $0, form: $0 == Configuration.Discovery.json.topic ? .json : .protobuf) }
        configuration.allowsLocalHearsay = values.flag("dial-local")
        configuration.hardNATs = values.flag("hard-nats")
        configuration.mapsPorts = !values.flag("no-map-ports")
        // Who starts a peer to find others expects it to find those beside it.
        if !values.flag("no-mdns") { configuration.localDiscovery = .init(dials: values.flag("dial")) }
        if values.flag("dial") {
            for index in configuration.discovery.indices { configuration.discovery[index].dials = true }
        }
        return configuration
    }

    private static func runPeer(_ node: Node, _ topic: String?, _ terminal: Terminal) async throws {
        let events = node.events()
        let addresses = await node.addresses
        terminal.say("peer \(node.peerID.description, .bold)")
        for address in addresses { terminal.say("  \(address)") }
        terminal.tell(
            "ready", ["peerId": .text(node.peerID.description), "addrs": .array(addresses.map { .text($0.description) })])
        tellFailures(of: node, terminal)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                var printer = EventPrinter(terminal)
                if !terminal.isQuiet { await printer.print(events) } else { for await _ in events {} }
            }
            group.addTask { try await showShare(node, terminal) }
            if let topic {
                let messages = try await node.subscribe(topic)
                group.addTask { await printMessages(messages, terminal) }
                group.addTask { try await publishLines(node, topic, terminal) }
            }
            try await group.next()
            group.cancelAll()
        }
    }

    /// Shows how many connections are direct: a live line for people, and a JSON line whenever the number of peers met has changed.
    private static func showShare(_ node: Node, _ terminal: Terminal) async throws {
        var told: DirectShare?
        while true {
            let share = await node.directShare
            terminal.showLive(ShareText.line(await node.status.peers, share))
            if told?.hasSamePeers(as: share) != true {
                terminal.tell("direct-share", ShareText.fields(share))
                told = share
            }
            try await Task.sleep(for: .seconds(1))
        }
    }

    private static func printMessages(_ messages: Subscription, _ terminal: Terminal) async {
        for await message in messages {
            let author = message.author?.description ?? "somebody"
            terminal.say("\("<" + String(author.suffix(8)) + ">", .blue) \(message.text)")
            terminal.tell("message", ["from": .text(author), "topic": .text(message.topic), "text": .text(message.text)])
        }
    }

    private static func publishLines(_ node: Node, _ topic: String, _ terminal: Terminal) async throws {
        for await line in try InputLines.all() where !line.isEmpty {
            do {
                let peers = try await node.publish(line, to: topic)
                if peers == 0 { terminal.say("\("(no other peer is here yet)", .grey)") }
            } catch {
                Terminal.complain("\(error)")
            }
        }
        // The end of input ends the chat, but not the peer.
        try await Task.sleep(for: .seconds(365 * 86400))
    }
}

/// The lines of standard input. A thread of its own reads them.
enum InputLines {
    static func all() throws -> AsyncStream<String> {
        let (stream, continuation) = AsyncStream<String>.makeStream()
        let failure = BlockingThread.start {
            while let line = readLine() { continuation.yield(line) }
            continuation.finish()
        }
        guard failure == 0 else { throw Failure("cannot start a thread for standard input: \(String(cString: strerror(failure)))") }
        return stream
    }
}
