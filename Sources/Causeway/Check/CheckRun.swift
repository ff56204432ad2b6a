import CausewayConnection
import CausewayNode
import CausewayRuntime

/// Gathers the facts of one check, all at the same time.
struct CheckRun: Sendable {
    let node: Node
    let relays: [Multiaddr]
    let moments = Moments()
    let probes: NetworkProbes
    private let stunServers: [Endpoint]

    init(_ node: Node, relays: [Multiaddr], asking stunServers: [Endpoint]) {
        self.node = node
        self.relays = relays
        self.stunServers = stunServers
        probes = NetworkProbes(node.shell)
    }

    func facts(about peer: PeerID?, at addresses: [Multiaddr]) async -> CheckFacts {
        for server in stunServers { probes.ask(server) }
        async let peerFacts = factsOfPeer(peer, at: addresses)
        async let gateway = GatewayQuestion.ask(node)
        let asked = await askRelays()
        // The relays have said whom else to ask.
        let time = Moments.interval(until: moments.known)
        async let four = probes.findings(ofIPv4: true, within: time)
        async let six = probes.findings(ofIPv4: false, within: time)
        var facts = CheckFacts()
        facts.relays = asked.map(\.relay)
        facts.ipv4 = family(isIPv4: true, await four, asked)
        facts.ipv6 = family(isIPv4: false, await six, asked)
        facts.gateway = await gateway
        facts.peer = await peerFacts
        facts.ownAddresses = await Array(node.ownAddresses.prefix(CheckFacts.ownAddresses))
        facts.took = Moments.interval(since: moments.start)
        return facts
    }

    private func factsOfPeer(_ peer: PeerID?, at addresses: [Multiaddr]) async -> PeerFacts? {
        guard let peer else { return nil }
        return await PeerQuestion(node, moments, peer, at: addresses.isEmpty ? circuits(to: peer) : addresses).ask()
    }

    /// Through each relay.
    private func circuits(to peer: PeerID) -> [Multiaddr] {
        guard let circuit = try? Multiaddr("/p2p-circuit") else { return [] }
        return relays.map { $0.appending(circuit).appending(peer) }
    }

    private func askRelays() async -> [RelayAnswer] {
        await withTaskGroup(of: (Int, RelayAnswer).self) { group in
            for (index, relay) in relays.enumerated() {
                group.addTask { (index, await RelayQuestion(node, moments, relay, probes).ask()) }
            }
            var answers: [Int: RelayAnswer] = [:]
            for await (index, answer) in group { answers[index] = answer }
            return relays.indices.compactMap { answers[$0] }
        }
    }

    private func family(isIPv4: Bool, _ findings: MappingProbe.Findings, _ asked: [RelayAnswer]) -> FamilyFacts {
        var facts = FamilyFacts()
        facts.socket = findings.local
        facts.answers = findings.answers
        facts.hairpins = findings.hairpins
        facts.source = findings.local?.ip ?? source(isIPv4: isIPv4, asked.map(\.relay))
        for attempt in asked.flatMap(\.tcp) where attempt.remote.isIPv4 == isIPv4 {
            facts.tcpTried += 1
            if attempt.isAccepted { facts.tcpAccepted += 1 }
        }
        return facts
    }

    /// The address from which relays are reached, or any public address. Nothing is sent.
    private func source(isIPv4: Bool, _ relays: [RelayFacts]) -> [UInt8]? {
        var remotes = relays.flatMap { [$0.connection?.remoteAddress.endpoint, $0.address.endpoint] }.compactMap(\.self)
        // Addresses that are nobody's (RFC 5737, RFC 3849): what counts is the way to all others.
        if let nobody = Endpoint(ip: isIPv4 ? [192, 0, 2, 1] : [0x20, 1, 0xd, 0xb8] + [UInt8](repeating: 0, count: 11) + [1], port: 9) {
            remotes.append(nobody)
        }
        return remotes.lazy.filter { $0.isIPv4 == isIPv4 }.compactMap { Route.source(towards: $0) }.first
    }
}

/// What was found out about a relay, and on the way to it.
struct RelayAnswer: Sendable {
    /// One address that was tried over TCP.
    struct Attempt: Sendable {
        let remote: Endpoint
        let isAccepted: Bool
    }

    var relay: RelayFacts
    var tcp: [Attempt] = []
}

/// Asks the gateway what it offers.
enum GatewayQuestion {
    /// nil: this machine has no gateway.
    static func ask(_ node: Node) async -> GatewayFacts? {
        guard let report = await node.shell.probeGateway() else { return nil }
        var protocols: [String] = []
        if report.speaksPCP { protocols.append("PCP") }
        if report.speaksNATPMP { protocols.append("NAT-PMP") }
        if report.speaksUPnP { protocols.append("UPnP") }
        return GatewayFacts(address: report.gateway, mapsBy: protocols, external: report.external)
    }
}
