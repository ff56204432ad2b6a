import CausewayConnection
import CausewayNode
import CausewayRuntime
import CausewayTLS

// Translates a configuration for the core and the shell.
extension Configuration {
    func core(key: PrivateKey) throws(NodeError) -> NodeConfiguration {
        var core = NodeConfiguration(identity: key, seed: SystemRandomNumberGenerator.word(), unixEpoch: WallClock.unixEpoch())
        core.agent = Array(agent.utf8)
        core.protocolVersion = Array(protocolVersion.utf8)
        core.limits = limits
        if let window = relayService?.window { core.limits.connection.maximumWindow = min(window, limits.connection.maximumWindow) }
        core.announce = announce
        core.allowsLocalHearsay = allowsLocalHearsay
        core.webRTC = webRTC
        core.stunServers = stunServers
        core.holePunching = holePunching ? HolePunchLimits() : nil
        core.localDiscovery = localDiscovery
        core.relay = relayService.map(\.limits)
        core.autonatClient = autonatClient
        core.autonatServer = autonatServer
        core.gossip = try pubSub?.core
        core.discovery = discovery.map { discovery in
            DiscoveryTopic(
                name: Array(discovery.topic.utf8), form: discovery.form, interval: discovery.interval,
                listenOnly: discovery.listenOnly, dials: discovery.dials)
        }
        return core
    }

    func shell(certificates: DTLSCertificates? = nil) throws(NodeError) -> ShellConfiguration {
        var shell = ShellConfiguration()
        shell.loops = loops
        shell.mapsPorts = mapsPorts
        shell.dialledFamily = dialledFamily
        shell.passesHardNATs = hardNATs
        shell.findsLocalPeers = localDiscovery != nil
        shell.pageLimits = pageLimits
        shell.webRTCLimits = webRTCLimits
        shell.certificate = try certificate?.load()
        shell.webRTCCertificates = certificates
        for server in stunServers where !server.isSTUNServer { throw .unsupportedAddress(server) }
        switch trust {
        case .system: break
        case .authorities(let path):
            do { shell.trust = try TLSClientContext(authorities: path) } catch { throw NodeError(error, reading: path) }
        case .anything:
            do { shell.trust = try TLSClientContext(verifies: false) } catch { throw .file(path: "TLS", reason: "\(error)") }
        }
        return shell
    }
}

extension Configuration.RelayService {
    var limits: RelayLimits {
        var limits = RelayLimits()
        limits.reservations = reservations
        limits.reservationsPerAddress = reservationsPerAddress
        limits.reservationTime = lifetime
        limits.circuits = circuits
        limits.circuitsPerPeer = circuitsPerPeer
        limits.circuitsPerAddress = circuitsPerAddress
        limits.circuitsPerSource = circuitsPerSource
        limits.circuit = circuitLimit
        return limits
    }
}

extension Configuration.PubSub {
    var core: GossipSubConfiguration {
        get throws(NodeError) {
            var core = GossipSubConfiguration()
            core.floodPublish = floodPublish
            core.requireSubscribers = !allowsPublishToZeroTopicPeers
            core.allowsLimited = allowsLimited
            core.signed = signed
            core.messageID = messageID
            core.carries = carries
            core.parameters = parameters
            core.limits = limits
            do throws(GossipSettingError) { try core.check() } catch { throw .pubSub(error) }
            return core
        }
    }
}

extension Configuration.Certificate {
    func load() throws(NodeError) -> TLSServerContext {
        do {
            return try TLSServerContext(certificates: certificatePath, key: keyPath)
        } catch {
            throw NodeError(error, reading: certificatePath)
        }
    }
}

extension Multiaddr {
    /// An IP address with a UDP port, and nothing else.
    fileprivate var isSTUNServer: Bool {
        guard case .ip(let ip)? = host, let port else { return false }
        return self == .udp(ip: ip, port: port)
    }
}

extension SystemRandomNumberGenerator {
    static func word() -> UInt64 {
        var generator = SystemRandomNumberGenerator()
        return generator.next()
    }
}
