import CausewayConnection
import CausewayIdentity
import CausewayNode
import CausewaySimulation

/// Runs a plan, lets the network settle, ends everything, and says what did not hold on the way.
final class DrawnWorld {
    let plan: WorldPlan
    let simulation: Simulation
    /// By the actor's number.
    private(set) var nodes: [Int: SimulatedNode] = [:]
    var record = WorldRecord()

    /// Two keep-alive times, the longest look of a path's review, and the longest of a relay's deadlines lie below it.
    static let settling = Interval.seconds(80)
    /// Nothing of an application's is left: what is superseded goes at the second look.
    static let ending = Interval.seconds(25)
    private static let spreading = Interval.seconds(6)
    private static let parting = Interval.seconds(12)

    init(_ plan: WorldPlan) throws {
        self.plan = plan
        simulation = Simulation(seed: plan.seed, name: "aDrawnWorldKeepsItsPromises")
        for actor in plan.actors { nodes[actor.number] = try add(actor) }
    }

    /// In the order of the actors.
    var all: [(number: Int, node: SimulatedNode)] { plan.actors.compactMap { actor in nodes[actor.number].map { (actor.number, $0) } } }

    private func add(_ actor: WorldActor) throws -> SimulatedNode {
        let node = try simulation.addNode(
            actor.name, ip: actor.ip, port: actor.listens(by: .tcp) ? 4001 : nil, webSocketPort: actor.listens(by: .webSocket) ? 4002 : nil,
            webRTCPort: actor.listens(by: .webRTCDirect) ? 4003 : nil, line: actor.line, isReachable: actor.isReachable, starts: false
        ) { configuration in
            configuration.limits = self.plan.nodeLimits
            if actor.kind == .relay { configuration.relay = self.plan.relayLimits(circuit: actor.circuit) }
        }
        for step in plan.steps {
            guard case .openStream(let number, _, actor.number, _, let answer) = step.deed else { continue }
            node.serve(WorldRecord.protocolID(ofStream: number), answer)
        }
        record.lives[actor.number] = [0]
        try node.start()
        for topic in actor.topics { node.subscribe(topic) }
        return node
    }

    // MARK: The run

    /// What did not hold, of the first part of the run in which something did not.
    func run() -> [WorldFault] {
        for step in plan.steps { simulation.schedule(at: Instant(nanoseconds: step.at.nanoseconds)) { self.take(step.deed) } }
        let parts: [() -> [WorldFault]] = [
            { self.pass(WorldPlan.length, lookingEach: .seconds(1)) },
            {
                self.heal()
                return self.pass(Self.settling, lookingEach: .seconds(5))
            },
            { self.faults(by: [AnswerChecker(), ChronicleChecker(), ConnectionChecker(), RelayChecker(), StreamChecker()]) },
            {
                self.publishEverywhere()
                return self.pass(Self.spreading, lookingEach: .seconds(1)) + self.faults(by: [DeliveryChecker(), AnswerChecker()])
            },
            {
                self.endStreams()
                return self.pass(Self.ending, lookingEach: .seconds(5))
                    + self.faults(by: [StreamChecker(), PathChecker(), ConnectionChecker(), RelayChecker()])
            },
            {
                self.part()
                return self.pass(Self.parting, lookingEach: .seconds(4)) + self.faults(by: [RemainsChecker(), ChronicleChecker()])
            },
        ]
        for part in parts {
            let faults = part()
            if !faults.isEmpty { return faults }
        }
        return []
    }

    /// Lets time pass; what holds at any moment is looked at again and again.
    private func pass(_ time: Interval, lookingEach pause: Interval) -> [WorldFault] {
        let end = simulation.now + time
        while simulation.now < end {
            simulation.run(for: min(pause, end - simulation.now))
            let faults = WorldFault.all(by: [BoundChecker(), DeadlineChecker()], in: self)
            if !faults.isEmpty { return faults }
        }
        return []
    }

    /// What is on its way at this moment looks like a fault, and is none a moment later.
    private func faults(by checkers: [any WorldChecker]) -> [WorldFault] {
        for _ in 0..<2 {
            if WorldFault.all(by: checkers, in: self).isEmpty { return [] }
            simulation.run(for: .seconds(2))
        }
        return WorldFault.all(by: checkers, in: self)
    }
}
