import Causeway

/// The first line of the control protocol, translated into a configuration.
struct PeerConfiguration {
    var node = Configuration()
    var circuits: [Multiaddr] = []
    var skipped: [String] = []
    var maxSeconds = 600

    private static let known: Set<String> = [
        "seed", "listen", "announce", "relays", "relay", "pubsub", "discovery", "muxers", "security", "wssCert", "wssKey", "caCert",
        "wssInsecure", "agent", "maxSeconds", "loops", "rcmgr", "stunServers", "webrtc", "autonat", "dcutr", "forceReachability", "mdns",
        "mapPorts",
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
        if let mdns = json["mdns"], mdns.bool == true || mdns.object != nil {
            node.localDiscovery = .init(dials: mdns["dial"]?.bool ?? false)
        }
        node.mapsPorts = json["mapPorts"]?.bool ?? false
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
        let listen = (json["listen"]?.array ?? []).compactMap(\.text)
        // Tests of other transports and of relayed connections want no connection to become a direct one by itself.
        node.webRTC = json["webrtc"]?.bool ?? (listen.contains("/webrtc") || listen.isEmpty && json["stunServers"] != nil)
        // "stock" is go-libp2p's own choice of addresses, which is ours in any case.
        node.holePunching = json["dcutr"]?.bool ?? (json["dcutr"]?.text != nil)
        var bare = 0
        for text in listen {
            if text == "/p2p-circuit" {
                bare += 1
                continue
            }
            let address = try Multiaddr(text)
            if address.isCircuit {
                if let relay = address.splitAtCircuit()?.relay { circuits.append(relay) }
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
        node.stunServers = try (json["stunServers"]?.array ?? []).map { try Self.stunServer($0.text ?? "") }
        // Others' tests want no dials that they have not asked for.
        if json["autonat"]?.bool != true { (node.autonatClient, node.autonatServer) = (nil, nil) }
        node.announce = try (json["announce"]?.array ?? []).map { try Multiaddr($0.text ?? "") }
    }

    /// From `stun:<IPv4 address>:<port>`.
    private static func stunServer(_ text: String) throws -> Multiaddr {
        let parts = text.split(separator: ":")
        guard parts.count == 3, parts[0] == "stun" else { throw CommandError("'\(text)' is not stun:<IPv4 address>:<port>") }
        return try Multiaddr("/ip4/\(parts[1])/udp/\(parts[2])")
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
        try readPubSub(json["pubsub"])
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

    private mutating func readPubSub(_ json: JSON?) throws {
        guard let json, json["enabled"]?.bool == true else {
            node.pubSub = nil
            return
        }
        var pubSub = Configuration.PubSub()
        pubSub.floodPublish = json["floodPublish"]?.bool ?? true
        pubSub.allowsLimited = json["allowLimited"]?.bool ?? false
        pubSub.signed = json["signed"]?.bool ?? true
        pubSub.backlog = 1 << 20
        if let name = json["messageId"]?.text { pubSub.messageID = try Self.messageID(name) }
        pubSub.carries = try (json["carries"]?.array ?? []).map { try TopicPattern($0.text ?? "") }
        for member in json["params"]?.object ?? [] {
            set(String(decoding: member.name, as: UTF8.self), Int(member.value.integer ?? 0), in: &pubSub)
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
        let time = Interval.milliseconds(UInt64(max(value, 0)))
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
