import Causeway

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

extension Command {
    private static let standard = Configuration()
    private static let standardService = Configuration.RelayService()
    private static let standardListen = ["/ip4/0.0.0.0/tcp/4001", "/ip4/0.0.0.0/tcp/4002/ws"]
    /// WebRTC for browsers, on the number of the TCP port, and all of it by IPv6. A relay without these is one all the same.
    private static let standardIfPossible = [
        "/ip4/0.0.0.0/udp/4001/webrtc-direct", "/ip6/::/tcp/4001", "/ip6/::/tcp/4002/ws", "/ip6/::/udp/4001/webrtc-direct",
    ]
    /// One a core, as a relay is busy, but no more than these: they share too little.
    private static let mostLoops = 4

    static let relay = Command(
        name: "relay", arguments: "", summary: "run a public relay",
        examples: [
            "causeway relay",
            "causeway relay --listen /ip4/0.0.0.0/tcp/4001 --listen /ip4/0.0.0.0/tcp/4002/ws --key relay.key",
            "causeway relay --listen /ip4/0.0.0.0/tcp/443/tls/ws --cert fullchain.pem --cert-key privkey.pem",
            "causeway relay --circuit-data 16MiB --circuit-time 1h --topic my-app --topic 'my-app/*' --pages Web/dist",
        ],
        options: [
            Option(
                "key", .value("FILE"), "the private key's file; it is made if it does not exist",
                standard: "causeway/relay.key in $XDG_STATE_HOME or ~/.local/state; relay.key in systemd's $STATE_DIRECTORY"),
            Option("ephemeral", .flag, "a fresh key for this run, which is kept nowhere"),
            Option(
                "listen", .list("ADDRESS"), "where to listen",
                standard: (standardListen + standardIfPossible).joined(separator: ", ")),
            Option("announce", .list("ADDRESS"), "advertise this public name or address instead of the bound ones"),
            Option("map-ports", .flag, "ask the router to forward this relay's ports, if it runs at home"),
            Option("cert", .value("FILE"), "certificate chain (PEM) for /tls/ws; SIGHUP reads it again"),
            Option("cert-key", .value("FILE"), "the certificate's private key (PEM)"),
            Option("reservations", .value("N"), "maximum reservations at the same time", standard: "\(standardService.reservations)"),
            Option(
                "reservations-per-ip", .value("N"), "maximum reservations from one IPv4 address or IPv6 /56",
                standard: "\(standardService.reservationsPerAddress)"),
            Option(
                "reservation-time", .value("TIME"), "how long a reservation lasts unless it is refreshed",
                standard: Quantity.time(standardService.lifetime.seconds)),
            Option("circuits", .value("N"), "maximum circuits at the same time", standard: "\(standardService.circuits)"),
            Option("circuits-per-peer", .value("N"), "maximum circuits of one peer", standard: "\(standardService.circuitsPerPeer)"),
            Option(
                "circuits-per-ip", .value("N"), "maximum circuits from one IPv4 address or IPv6 /56",
                standard: "\(standardService.circuitsPerAddress)"),
            Option(
                "circuits-per-source", .value("N"), "maximum circuits to one peer from the same peer or address",
                standard: "\(standardService.circuitsPerSource)"),
            Option(
                "circuit-data", .value("SIZE"), "bytes that one circuit may carry in each direction, or unlimited",
                standard: Quantity.size(standardService.circuitLimit.bytes)),
            Option(
                "circuit-time", .value("TIME"), "how long one circuit may last, or unlimited",
                standard: Quantity.time(standardService.circuitLimit.seconds.map { UInt64($0) })),
            Option(
                "topic", .list("NAME"),
                "forward this topic's gossip, too; NAME* stands for all topics that begin so, while a connected peer is in them"),
            Option("no-discovery", .flag, "do not forward the discovery topics"),
            Option("connections", .value("N"), "maximum connections at the same time", standard: "\(standard.limits.connections)"),
            Option(
                "connections-per-ip", .value("N"), "maximum connections from one IPv4 address or IPv6 /56",
                standard: "\(standard.limits.connectionsPerAddress)"),
            Option("perf", .flag, "let peers measure throughput (/perf/1.0.0): 1 GiB each way, 4 at a time, a minute if others wait"),
            Option("quiet", letter: "q", .flag, "print no events and no live line"),
            Option("pages", .value("DIRECTORY"), "serve the pages in it to browsers on the WebSocket ports"),
            Option("page-host", .list("NAME"), "a host name of this relay under which browsers may request its status"),
            Option("public-status", .flag, "show peers and circuits to everybody, not only on this machine"),
            Option("loops", .value("N"), "threads that carry connections", standard: "one a core, \(mostLoops) at most"),
        ] + GossipOptions.all,
        run: { values, terminal in
            try Command.noArguments(values)
            let (topics, patterns) = try GossipOptions.topics(values)
            var configuration = try relayConfiguration(values)
            configuration.pubSub = try GossipOptions.pubSub(values)
            configuration.pubSub?.carries = patterns
            configuration.identity = try identity(values)
            let descriptors = configuration.fitDescriptors()
            try await Running.node(configuration, onHangUp: { await reload($0, terminal) }) { node in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    if values.flag("perf") { group.addTask { try await PerfService(.ofRelay).serve(on: node) } }
                    group.addTask { try await runRelay(node, topics, descriptors, terminal) }
                    try await group.next()
                    group.cancelAll()
                }
            }
            terminal.showLive("")
            terminal.remark("stopped")
        })

    private static func identity(_ values: Values) throws -> Configuration.Identity {
        let isEphemeral = values.flag("ephemeral")
        if let path = values.text("key") {
            guard !isEphemeral else { throw UsageError("--key and --ephemeral exclude each other") }
            return .file(path: path)
        }
        if isEphemeral { return .ephemeral }
        do {
            return .file(path: try RelayKey.hold())
        } catch let unkept as RelayKey.Unkept {
            Terminal.complain(
                "warning: this relay has a key for this run only, so its addresses change when it starts again; give it --key FILE ("
                    + "\(unkept.reason))")
            return .ephemeral
        }
    }

    private static func relayConfiguration(_ values: Values) throws(UsageError) -> Configuration {
        var configuration = try configuration(values)
        configuration.listen = try values.addresses("listen")
        if configuration.listen.isEmpty {
            configuration.listen = try Values.addresses(standardListen, for: "--listen")
            configuration.listenIfPossible = try Values.addresses(standardIfPossible, for: "--listen")
        }
        configuration.announce = try values.addresses("announce")
        // Whoever runs a relay knows how it is reached, and a data centre has no such router.
        configuration.mapsPorts = values.flag("map-ports")
        // A relay is reached directly.
        configuration.webRTC = false
        configuration.holePunching = false
        switch (values.text("cert"), values.text("cert-key")) {
        case (let certificate?, let key?): configuration.certificate = .init(certificatePath: certificate, keyPath: key)
        case (nil, nil): break
        default: throw UsageError("--cert and --cert-key go together")
        }
        var service = standardService
        service.reservations = try values.integer("reservations", or: service.reservations, in: 1...1_000_000)
        service.reservationsPerAddress = try values.integer(
            "reservations-per-ip", or: service.reservationsPerAddress, in: 1...1_000_000)
        service.lifetime = .seconds(try values.seconds("reservation-time", or: service.lifetime.seconds) ?? 365 * 86400)
        service.circuits = try values.integer("circuits", or: service.circuits, in: 1...1_000_000)
        service.circuitsPerPeer = try values.integer("circuits-per-peer", or: service.circuitsPerPeer, in: 1...1_000_000)
        service.circuitsPerAddress = try values.integer("circuits-per-ip", or: service.circuitsPerAddress, in: 1...1_000_000)
        service.circuitsPerSource = try values.integer("circuits-per-source", or: service.circuitsPerSource, in: 1...1_000_000)
        service.circuitLimit = CircuitLimit(
            bytes: try values.size("circuit-data", or: service.circuitLimit.bytes),
            seconds: try values.seconds("circuit-time", or: service.circuitLimit.seconds.map { UInt64($0) }).map { UInt32(clamping: $0) })
        configuration.relayService = service
        configuration.limits.connections = try values.integer("connections", or: configuration.limits.connections, in: 1...1_000_000)
        configuration.limits.connectionsPerAddress = try values.integer(
            "connections-per-ip", or: configuration.limits.connectionsPerAddress, in: 1...1_000_000)
        configuration.loops = try values.integer("loops", or: min(Machine.cores, mostLoops), in: 1...64)
        configuration.pages = values.text("pages")
        configuration.pageHosts = values.texts("page-host")
        configuration.publicStatus = values.flag("public-status")
        if !values.flag("no-discovery") {
            var carried = [Configuration.Discovery.pubsub, .json]
            for index in carried.indices { carried[index].listenOnly = true }
            configuration.discovery = carried
        }
        return configuration
    }

    private static func reload(_ node: Node, _ terminal: Terminal) async {
        do {
            try await node.reloadCertificate()
            terminal.say("the new certificate is in use")
            tellCertificate(of: node, isReloaded: true, terminal)
        } catch {
            Terminal.complain("the old certificate stays in use: \(error)")
        }
    }

    /// For whom the certificate is and how long, and a warning if it has ended or soon will.
    private static func tellCertificate(of node: Node, isReloaded: Bool, _ terminal: Terminal) {
        guard let certificate = node.certificate else { return }
        var now = time_t()
        time(&now)
        let age = CertificateAge(certificate, now: Int64(now))
        terminal.say(
            "certificate for \(certificate.names.isEmpty ? "no name" : certificate.names.joined(separator: ", ")), \(age.description)")
        if let warning = age.warning { Terminal.complain("warning: \(warning)") }
        if !isReloaded, !node.configuration.listen.contains(where: isSecure) {
            Terminal.complain("warning: no address uses the certificate: add one such as --listen /ip4/0.0.0.0/tcp/443/tls/ws")
        }
        terminal.tell(
            "certificate",
            [
                "reloaded": .bool(isReloaded), "names": .array(certificate.names.map { .text($0) }),
                "expires": .integer(certificate.expires), "warning": age.warning.map { .text($0) },
            ])
    }

    private static func isSecure(_ address: Multiaddr) -> Bool {
        if case .webSocket(secure: true) = address.transport { true } else { false }
    }

    private static func runRelay(_ node: Node, _ topics: [String], _ descriptors: Int, _ terminal: Terminal) async throws {
        let events = node.events()
        var carried: [Subscription] = []
        for topic in topics { carried.append(try await node.subscribe(topic, backlog: 1)) }
        let addresses = await node.addresses
        terminal.say("relay \(node.peerID.description, .bold)")
        for address in addresses { terminal.say("  \(address)") }
        if let path = keyPath(of: node) { terminal.say("its key is kept in \(path)") }
        if let advice = AnnounceAdvice(addresses) { terminal.say("\n\(advice)") }
        // From another machine, a loopback address leads nowhere.
        if let address = addresses.first(where: { $0.reach != .loopback }) ?? addresses.first {
            let place = address.reach == .loopback ? "on this machine" : "from another machine"
            terminal.say("\ntry it \(place):\n  causeway dial \(address)\n")
        }
        let stun = await node.report(atMost: 0).stunURLs
        if !stun.isEmpty {
            terminal.say("it tells WebRTC peers their public addresses; for those of js-libp2p, iceServers:")
            terminal.say("  [{ urls: [\(stun.map { "'\($0)'" }.joined(separator: ", "))] }]\n")
        }
        if node.configuration.pages != nil, let place = pageAddress(addresses) {
            terminal.say("open it in a browser:\n  \(place, .bold)")
            let isPublic = node.configuration.publicStatus
            terminal.say(
                "  it names peers and circuits \(isPublic ? "to everybody" : "on this machine only; to everybody with --public-status")\n")
        }
        let connections = node.configuration.limits.connections
        terminal.say("accepts \(connections) connections at the same time, with \(descriptors) descriptors (ulimit -n)")
        terminal.tell(
            "ready",
            [
                "peerId": .text(node.peerID.description), "addrs": .array(addresses.map { .text($0.description) }),
                "stun": .array(stun.map { .text($0) }),
                "key": keyPath(of: node).map { .text($0) },
                "connections": .integer(Int64(connections)), "descriptors": .integer(Int64(descriptors)),
            ])
        tellCertificate(of: node, isReloaded: false, terminal)
        tellFailures(of: node, terminal)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                var printer = EventPrinter(terminal)
                if !terminal.isQuiet { await printer.print(events) } else { for await _ in events {} }
            }
            group.addTask {
                while true {
                    terminal.showLive(liveLine(await node.status))
                    try await Task.sleep(for: .seconds(1))
                }
            }
            // The relay forwards the messages of joined topics, and reads none of them.
            for subscription in carried { group.addTask { while await subscription.next() != nil {} } }
            try await group.next()
            group.cancelAll()
        }
    }

    private static func keyPath(of node: Node) -> String? {
        if case .file(let path) = node.configuration.identity { path } else { nil }
    }

    /// The pages' address for a browser: on this machine if possible, otherwise from another machine.
    private static func pageAddress(_ addresses: [Multiaddr]) -> String? {
        let places = addresses.filter { address in
            if case .webSocket = address.transport { !address.isCircuit } else { false }
        }
        guard let place = places.first(where: { $0.reach == .loopback }) ?? places.first, let host = place.host, let port = place.port,
            case .webSocket(let isSecure) = place.transport
        else { return nil }
        let name =
            switch host {
            case .ip: place.description.split(separator: "/")[1]
            case .name(_, let name): Substring(decoding: name, as: UTF8.self)
            }
        return (isSecure ? "https" : "http") + "://" + (name.contains(":") ? "[\(name)]" : name) + ":\(port)/"
    }

    private static func liveLine(_ status: NodeStatus) -> TerminalLine {
        let relayed = Amount.bytes(status.relayedBytes)
        return """
            \("●", .green) peers \(status.peers)  reservations \(status.reservations)  circuits \(status.circuits)  \
            relayed \(relayed)\(status.connectionsRefused > 0 ? "  refused \(status.connectionsRefused)" : "")
            """
    }
}
