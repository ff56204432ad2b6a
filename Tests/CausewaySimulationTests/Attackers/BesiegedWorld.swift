import CausewayConnection
import CausewayIdentity

@testable import CausewayNode
@testable import CausewaySimulation

/// A relay, a public peer and peers behind NATs that live their lives, with or without attackers among them. What the honest ones do, and
/// when, follows from the seed alone.
final class BesiegedWorld {
    let simulation: Simulation
    let relay: SimulatedNode
    /// Can be connected to without the relay.
    let open: SimulatedNode
    /// Hold reservations at the relay.
    let members: [SimulatedNode]
    /// Come while the attack goes on.
    let newcomers: [SimulatedNode]
    private(set) var work: [HonestRequest] = []
    /// The most that each victim held of anything.
    private(set) var most: [String: Holdings] = [:]
    private var attackers: [Attacker] = []

    static let topic = "news"
    static let attackTime: UInt64 = 6_000
    /// How many addresses one attacker has at most: enough to fill the tables of pending connections and of hop streams.
    private static let places = 5

    init(seed: UInt64, isAttacked: Bool) throws {
        simulation = Simulation(seed: seed, name: "attackersSlowNobodyDownAndFillNothing")
        let small = Self.limits
        var line = LineConditions()
        line.largestRead = 16 << 10
        relay = try simulation.addNode("relay", ip: [203, 0, 113, 1], line: line) {
            $0.relay = Self.relayLimits
            $0.limits = small
            $0.gossip?.limits = Self.gossipLimits
        }
        open = try simulation.addNode("open", ip: [203, 0, 113, 2], line: line) {
            $0.limits = small
            $0.gossip?.limits = Self.gossipLimits
        }
        members = try (0..<3).map { [simulation] in
            try simulation.addNode("member\($0)", ip: [198, 51, 100, UInt8($0)], isReachable: false) { $0.limits = small }
        }
        newcomers = try (0..<2).map { [simulation] in
            try simulation.addNode("newcomer\($0)", ip: [198, 51, 101, UInt8($0)], isReachable: false) { $0.limits = small }
        }
        for node in victims {
            node.serve("/echo/1", .echo)
            node.subscribe(Self.topic)
        }
        try settle()
        if isAttacked { drawAttackers() }
    }

    /// The defaults' proportions in small, so that a few attackers reach the limits: four addresses can hold all pending connections, and
    /// no fewer than 64 all connections. What remotes may make a node keep is a 512th: below that the honest peers' own
    /// messages would be the largest of what is kept.
    private static var limits: NodeLimits {
        var limits = NodeLimits()
        limits.connectionsPerAddress = 4
        limits.pendingConnections = 4 * limits.connectionsPerAddress
        limits.connections = 64 * limits.connectionsPerAddress
        limits.connection.inboundStreams = 64
        limits.connection.held = 256 << 10
        limits.heldPerPeer = 256 << 10
        limits.heldPerPlace = 384 << 10
        limits.held = 1 << 20
        return limits
    }

    private static var gossipLimits: GossipLimits {
        var limits = GossipLimits()
        limits.message = 92 << 10
        limits.heldBytes = 2 * limits.rpc
        return limits
    }

    /// One address can hold all hop streams, as by default. Of what each address has a share there is more than all attackers' shares:
    /// twenty addresses ask for reservations, and ten for circuits.
    private static var relayLimits: RelayLimits {
        var limits = RelayLimits()
        limits.reservationsPerAddress = 4
        limits.reservations = 24 * limits.reservationsPerAddress
        limits.circuitsPerPeer = 12 * limits.circuitsPerSource
        limits.circuitsPerAddress = 16
        limits.circuits = 12 * limits.circuitsPerAddress
        limits.hopStreamsPerConnection = 16
        limits.hopStreams = 64
        return limits
    }

    /// Everybody is where the work begins.
    private func settle() throws {
        let requests = members.map { $0.reserve(at: relay) } + [open.connect(to: relay)] + members.map { $0.connect(to: open) }
        try simulation.run(until: "all are in their places", timeout: .seconds(10)) { requests.allSatisfy(\.isAnswered) }
        simulation.run(for: .seconds(1))
    }

    private func drawAttackers() {
        var random = simulation.random("attackers")
        var place = 0
        for kind in Attacker.Kind.allCases {
            let count = 1 + random.below(Self.places)
            let ips = (0..<count).map { [192, 0, 2, UInt8(place + $0)] as [UInt8] }
            place += count
            attackers.append(
                Attacker(
                    kind, named: "\(kind)", places: ips, targets: [relay, open], victims: members, topic: Self.topic, in: simulation))
        }
        for attacker in attackers { attacker.act() }
    }

    // MARK: The run

    /// Lets the honest peers do their work, and returns when that and the attack are over.
    func run() {
        let start = simulation.now
        work = HonestRequest.draw(in: self)
        for request in work { simulation.schedule(at: start + request.at) { request.begin(at: self.simulation.now) } }
        var round = 0
        let step = Interval.milliseconds(5)
        while simulation.now - start < .milliseconds(2 * Self.attackTime),
            !(isWorkDone && simulation.now - start >= .milliseconds(Self.attackTime))
        {
            simulation.run(for: step)
            for request in work { request.look(at: simulation.now) }
            round += 1
            if round % 20 == 0 { for node in victims { most[node.name, default: Holdings()].raise(to: Holdings(of: node)) } }
        }
        for attacker in attackers { attacker.stop() }
    }

    var victims: [SimulatedNode] { [relay, open] + members }

    /// Requests with more than one answer.
    var answeredTwice: [String] {
        (victims + newcomers).flatMap { node -> [String] in
            var answered = Set<UInt32>()
            return node.events.compactMap {
                guard case .answered(let request, let answer) = $0.event, !answered.insert(request).inserted else { return nil }
                return "\(node.name): \(answer)"
            }
        }
    }

    private var isWorkDone: Bool { work.allSatisfy { $0.took != nil } }
}
