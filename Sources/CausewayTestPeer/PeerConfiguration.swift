import Causeway

/// The first line of the control protocol, translated into a configuration.
struct PeerConfiguration {
    var node = Configuration()
    var circuits: [Multiaddr] = []
    var skipped: [String] = []
    var maxSeconds = 600

    private static let known: Set<String> = [
        "seed", "key", "listen", "announce", "relays", "relay", "pubsub", "discovery", "muxers", "security", "wssCert", "wssKey", "caCert",
        "wssInsecure", "agent", "maxSeconds", "loops", "rcmgr", "stunServers", "webrtc", "autonat", "dcutr", "forceReachability", "mdns",
        "mapPorts", "hardNats",
    ]

    /// - Throws: `CommandError`, which names a field of the wrong type, what was expected and what came.
    init(_ json: JSON) throws {
        let fields = try Members(json)
        for name in fields.names where !Self.known.contains(name) { Console.log("unknown field '\(name)'") }
        if let seed = try fields.integer("seed", in: Int.min...Int.max) {
            node.identity = .key(try PrivateKey(ed25519Seed: SHA256.hash(Array(String(seed).utf8))))
        }
        if let path = try fields.text("key") { node.identity = .file(path: path) }
        try readAddresses(fields)
        try readRelay(fields)
        try readDiscovery(fields)
        try readPubSub(try fields.object("pubsub"))
        node.mapsPorts = try fields.flag("mapPorts") ?? false
        node.hardNATs = try fields.flag("hardNats") ?? false
        node.agent = try fields.text("agent") ?? node.agent
        node.loops = try fields.integer("loops", in: 1...64) ?? 1
        maxSeconds = try fields.integer("maxSeconds", in: 1...1_000_000) ?? 600
        try readTLS(fields)
        if try fields.text("rcmgr") != "default" { liftLimits() }
        // What other implementations are told, ours does in any case.
        for name in ["muxers", "security"] { _ = try fields.texts(name) }
        _ = try fields.text("forceReachability")
        node.fitDescriptors()
    }

    private mutating func readTLS(_ fields: Members) throws {
        if let certificate = try fields.text("wssCert"), let key = try fields.text("wssKey") {
            node.certificate = .init(certificatePath: certificate, keyPath: key)
        }
        if let authority = try fields.text("caCert") { node.trust = .authorities(path: authority) }
        if try fields.flag("wssInsecure") == true { node.trust = .anything }
    }

    /// Raises the limits, so that a test fails for its own reason and not at a limit that it did not request.
    private mutating func liftLimits() {
        node.limits.connectionsPerAddress = 1 << 20
        node.limits.connectionsPerNetwork = 1 << 20
        node.limits.connections = 1 << 20
        node.limits.connection.inboundStreams = 1 << 16
    }

    private mutating func readAddresses(_ fields: Members) throws {
        let relays = try fields.addresses("relays")
        let listen = try fields.texts("listen")
        // Tests of other transports and of relayed connections want no connection to become a direct one by itself.
        node.webRTC = try fields.flag("webrtc") ?? (listen.contains("/webrtc") || listen.isEmpty && fields["stunServers"] != nil)
        // "stock" is go-libp2p's own choice of addresses, which is ours in any case.
        node.holePunching = try fields["dcutr"]?.text == "stock" || fields.flag("dcutr") ?? false
        var bare = 0
        for text in listen {
            if text == "/p2p-circuit" {
                bare += 1
                continue
            }
            let address = try fields.address(text, "listen")
            if address.isCircuit {
                guard let relay = address.splitAtCircuit()?.relay, relay.peerID != nil else {
                    throw CommandError("listen: '\(text)' must name its relay by /p2p/<peer id>")
                }
                circuits.append(relay)
            } else {
                switch address.transport {
                case .tcp, .webSocket, .webRTCDirect: node.listen.append(address)
                // There is nothing to listen on: a reservation does it.
                case .webRTC: break
                default: skipped.append(text)
                }
            }
        }
        if !relays.isEmpty { node.relays = .init(relays, wanted: max(bare, 1)) }
        node.stunServers = try fields.texts("stunServers").map(Self.stunServer)
        // Others' tests want no dials that they have not asked for.
        if try fields.flag("autonat") != true { (node.autonatClient, node.autonatServer) = (nil, nil) }
        node.announce = try fields.addresses("announce")
    }

    /// From `stun:<IPv4 address>:<port>`.
    private static func stunServer(_ text: String) throws -> Multiaddr {
        let parts = text.split(separator: ":")
        guard parts.count == 3, parts[0] == "stun" else { throw CommandError("'\(text)' is not stun:<IPv4 address>:<port>") }
        return try Multiaddr("/ip4/\(parts[1])/udp/\(parts[2])")
    }

    private mutating func readRelay(_ fields: Members) throws {
        guard let relay = try fields.object("relay") else { return }
        let counts = 0...(1 << 30)
        var service = Configuration.RelayService()
        service.reservations = try relay.integer("reservations", in: counts) ?? 128
        service.reservationsPerAddress = service.reservations
        service.lifetime = .seconds(UInt64(try relay.integer("ttl", in: counts) ?? 3600))
        service.circuits = 1 << 20
        service.circuitsPerPeer = 1 << 20
        service.circuitsPerAddress = 1 << 20
        service.circuitsPerSource = 1 << 20
        let limit = CircuitLimit(
            bytes: UInt64(try relay.integer("data", in: 0...Int.max) ?? 131_072),
            seconds: UInt32(try relay.integer("duration", in: counts) ?? 120))
        service.circuitLimit = try relay.flag("limited") == false ? .unlimited : limit
        node.relayService = service
    }

    private mutating func readDiscovery(_ fields: Members) throws {
        if let mdns = fields["mdns"], mdns.bool == nil {
            node.localDiscovery = .init(dials: try fields.object("mdns")?.flag("dial") ?? false)
        } else if try fields.flag("mdns") == true {
            node.localDiscovery = .init(dials: false)
        }
        guard let discovery = try fields.object("discovery") else { return }
        let form = try discovery.text("format") ?? "protobuf"
        guard ["json", "protobuf"].contains(form) else { throw CommandError("discovery.format: expected protobuf or json, got '\(form)'") }
        let isJSON = form == "json"
        node.discovery = [
            .init(
                topic: try discovery.text("topic") ?? (isJSON ? "p2p-discovery" : "_peer-discovery._p2p._pubsub"),
                form: isJSON ? .json : .protobuf,
                interval: .milliseconds(UInt64(try discovery.integer("intervalMs", in: 1...1_000_000_000) ?? 1000)),
                listenOnly: try discovery.flag("listenOnly") ?? false, dials: try discovery.flag("dial") ?? false)
        ]
    }

    private mutating func readPubSub(_ fields: Members?) throws {
        guard let fields, try fields.flag("enabled") == true else {
            node.pubSub = nil
            return
        }
        var pubSub = Configuration.PubSub()
        pubSub.floodPublish = try fields.flag("floodPublish") ?? true
        pubSub.allowsLimited = try fields.flag("allowLimited") ?? false
        pubSub.signed = try fields.flag("signed") ?? true
        pubSub.backlog = 1 << 20
        pubSub.allowsPublishToZeroTopicPeers = true
        if let name = try fields.text("messageId") { pubSub.messageID = try Self.messageID(name) }
        pubSub.carries = try fields.texts("carries").map { try TopicPattern($0) }
        if let numbers = try fields.object("params") {
            for name in numbers.names { try set(name, numbers.integer(name, in: 0...(1 << 30)) ?? 0, in: &pubSub) }
        }
        node.pubSub = pubSub
    }

    private static func messageID(_ name: String) throws -> MessageIDForm {
        switch name {
        case "go": .go
        case "js": .js
        case "rust": .rust
        case "sha256": .sha256
        case "js-chat": .sequenceSHA256
        case "learnt": .learnt
        // Of no other peer: the data backwards.
        case "own": .own { $0.data.reversed() }
        default: throw CommandError("pubsub.messageId '\(name)': go, js, rust, js-chat, sha256, learnt or own")
        }
    }

    /// Names as in go-libp2p, in any case, and some of our own.
    private func set(_ name: String, _ value: Int, in pubSub: inout Configuration.PubSub) {
        let time = Interval.milliseconds(UInt64(value))
        switch name.lowercased() {
        case "d": pubSub.parameters.meshSize = value
        case "dlo": pubSub.parameters.meshLow = value
        case "dhi": pubSub.parameters.meshHigh = value
        case "dout": pubSub.parameters.meshOutbound = value
        case "dlazy": pubSub.parameters.gossipPeers = value
        case "heartbeatintervalms": pubSub.parameters.heartbeatInterval = time
        case "historylength": pubSub.parameters.history = value
        case "historygossip": pubSub.parameters.gossipHistory = value
        case "fanoutttlms": pubSub.parameters.fanoutLifetime = time
        case "messagesize": pubSub.limits.message = value
        case "dontwantsize": pubSub.parameters.dontWantSize = value
        default: Console.log("unknown field '\(name)' of pubsub.params")
        }
    }
}
