import CausewayConnection
import CausewayNode
import CausewayRuntime
import CausewayTLS

// Translates a configuration for the core and the shell.
extension Configuration {
    func core(key: PrivateKey) -> NodeConfiguration {
        var core = NodeConfiguration(identity: key, seed: SystemRandomNumberGenerator.word(), unixEpoch: WallClock.unixEpoch())
        core.agent = Array(agent.utf8)
        core.limits = limits
        if let window = relayService?.window { core.limits.connection.maximumWindow = min(window, limits.connection.maximumWindow) }
        core.announce = announce
        core.allowsLocalHearsay = allowsLocalHearsay
        core.relay = relayService.map(\.limits)
        core.gossip = pubSub.map(\.core)
        core.discovery = discovery.map { discovery in
            DiscoveryTopic(
                name: Array(discovery.topic.utf8), form: discovery.form == .json ? .json : .protobuf, interval: discovery.interval,
                listenOnly: discovery.listenOnly, dials: discovery.dials)
        }
        return core
    }

    func shell() throws(NodeError) -> ShellConfiguration {
        var shell = ShellConfiguration()
        shell.loops = loops
        shell.pageLimits = pageLimits
        shell.certificate = try certificate?.load()
        switch trust {
        case .system: break
        case .authorities(let path):
            do { shell.trust = try TLSClientContext(authorities: path) } catch { throw .file(path: path, reason: "\(error)") }
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
        var core = GossipSubConfiguration()
        core.floodPublish = floodPublish
        core.allowLimited = allowLimited
        core.signed = signed
        core.messageID =
            switch messageID {
            case .go: .go
            case .js: .js
            case .both: .both
            }
        core.parameters.heartbeatInterval = heartbeat
        return core
    }
}

extension Configuration.Certificate {
    func load() throws(NodeError) -> TLSServerContext {
        do {
            return try TLSServerContext(certificates: certificatePath, key: keyPath)
        } catch {
            throw .file(path: certificatePath, reason: "\(error)")
        }
    }
}

extension SystemRandomNumberGenerator {
    static func word() -> UInt64 {
        var generator = SystemRandomNumberGenerator()
        return generator.next()
    }
}
