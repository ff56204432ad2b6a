import Causeway

/// The first line of the control protocol, translated into a configuration.
struct PeerConfiguration {
    var node = Configuration()
    var circuits: [Multiaddr] = []
    var skipped: [String] = []
    var maxSeconds = 600

    private static let known: Set<String> = [
        "seed", "listen", "announce", "relays", "relay", "pubsub", "discovery", "muxers", "security", "wssCert", "wssKey", "caCert",
        "wssInsecure", "agent", "maxSeconds", "loops", "rcmgr",
    ]

    init(_ json: JSON) throws {
        guard let members = json.object else { throw CommandError("the configuration is no JSON object") }
        for member in members {
            let name = String(decoding: member.name, as: UTF8.self)
            if !Self.known.contains(name) { Console.log("unknown field '\(name)'") }
        }
        if let seed = json["seed"]?.integer {
            node.identity = .key(try PrivateKey(ed25519Seed: SHA256.hash(Array(String(seed).utf8))))
        }
        try readAddresses(json)
        try readServices(json)
        node.agent = json["agent"]?.text ?? node.agent
        node.loops = json["loops"]?.integer.map { Int($0) } ?? 1
        maxSeconds = json["maxSeconds"]?.integer.map { Int($0) } ?? 600
        if let certificate = json["wssCert"]?.text, let key = json["wssKey"]?.text {
            node.certificate = .init(certificatePath: certificate, keyPath: key)
        }
        if let authority = json["caCert"]?.text { node.trust = .authorities(path: authority) }
        if json["wssInsecure"]?.bool == true { node.trust = .anything }
        if json["rcmgr"]?.text != "default" { liftLimits() }
        node.fitDescriptors()
    }

    /// Raises the limits, so that a test fails for its own reason and not at a limit that it did not request.
    private mutating func liftLimits() {
        node.limits.connectionsPerAddress = 1 << 20
        node.limits.connectionsPerNetwork = 1 << 20
        node.limits.connections = 1 << 20
        node.limits.connection.inboundStreams = 1 << 16
    }

    private mutating func readAddresses(_ json: JSON) throws {
        let relays = try (json["relays"]?.array ?? []).map { try Multiaddr($0.text ?? "") }
        var bare = 0
        for text in (json["listen"]?.array ?? []).compactMap(\.text) {
            if text == "/p2p-circuit" {
                bare += 1
                continue
            }
            let address = try Multiaddr(text)
            if address.isCircuit {
                if let relay = address.splitAtCircuit()?.relay { circuits.append(relay) }
            } else {
                switch address.transport {
                case .tcp, .webSocket: node.listen.append(address)
                default: skipped.append(text)
                }
            }
        }
        if !relays.isEmpty { node.relays = .init(relays, wanted: max(bare, 1)) }
        node.announce = try (json["announce"]?.array ?? []).map { try Multiaddr($0.text ?? "") }
    }

    private mutating func readServices(_ json: JSON) throws {
        if let relay = json["relay"], !relay.isNull {
            var service = Configuration.RelayService()
            service.reservations = relay["reservations"]?.integer.map { Int($0) } ?? 128
            service.reservationsPerAddress = service.reservations
            service.lifetime = .seconds(UInt64(relay["ttl"]?.integer ?? 3600))
            service.circuits = 1 << 20
            service.circuitsPerPeer = 1 << 20
            service.circuitsPerAddress = 1 << 20
            service.circuitsPerSource = 1 << 20
            service.circuitLimit =
                relay["limited"]?.bool == false
                ? .unlimited
                : CircuitLimit(
                    bytes: UInt64(relay["data"]?.integer ?? 131_072), seconds: UInt32(relay["duration"]?.integer ?? 120))
            node.relayService = service
        }
        readPubSub(json["pubsub"])
        if let discovery = json["discovery"], !discovery.isNull {
            let isJSON = discovery["format"]?.text == "json"
            node.discovery = [
                .init(
                    topic: discovery["topic"]?.text ?? (isJSON ? "p2p-discovery" : "_peer-discovery._p2p._pubsub"),
                    form: isJSON ? .json : .protobuf, interval: .milliseconds(UInt64(discovery["intervalMs"]?.integer ?? 1000)),
                    listenOnly: discovery["listenOnly"]?.bool ?? false, dials: discovery["dial"]?.bool ?? false)
            ]
        }
    }

    private mutating func readPubSub(_ json: JSON?) {
        guard let json, json["enabled"]?.bool == true else {
            node.pubSub = nil
            return
        }
        var pubSub = Configuration.PubSub()
        pubSub.floodPublish = json["floodPublish"]?.bool ?? true
        pubSub.allowLimited = json["allowLimited"]?.bool ?? false
        pubSub.signed = json["signed"]?.bool ?? true
        pubSub.backlog = 1 << 20
        if let heartbeat = json["params"]?["heartbeatIntervalMs"]?.integer { pubSub.heartbeat = .milliseconds(UInt64(heartbeat)) }
        node.pubSub = pubSub
    }
}
