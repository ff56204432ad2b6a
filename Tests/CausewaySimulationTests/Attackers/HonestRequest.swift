import CausewayConnection
import CausewayIdentity
import CausewayNode
import CausewaySimulation

/// Something that an honest peer wants, and how long it waited for it.
final class HonestRequest {
    let name: String
    /// When, after the beginning of the work.
    let at: Interval
    private(set) var took: Interval?
    private var began: Instant?
    private let start: () -> Void
    private let isDone: () -> Bool

    init(_ name: String, at: Interval, start: @escaping () -> Void, isDone: @escaping () -> Bool) {
        self.name = name
        self.at = at
        self.start = start
        self.isDone = isDone
    }

    func begin(at now: Instant) {
        began = now
        start()
    }

    func look(at now: Instant) {
        guard took == nil, let began, isDone() else { return }
        took = now - began
    }

    /// The same in every run of a seed.
    static func draw(in world: BesiegedWorld) -> [HonestRequest] {
        var random = world.simulation.random("honest work")
        var work: [HonestRequest] = []
        for round in 0..<2 {
            func moment() -> Interval { .milliseconds(UInt64(500 + 2500 * round + random.below(1500))) }
            for (index, member) in world.members.enumerated() {
                let next = world.members[(index + 1) % world.members.count]
                work.append(ping(member, world.relay, at: moment()))
                work.append(echo(member, world.open, at: moment()))
                work.append(
                    round == 0
                        ? circuit(member, next, through: world.relay, at: moment())
                        : circuit(next, member, through: world.relay, at: moment()))
                work.append(message(by: member, number: UInt8(3 * round + index), in: world, at: moment()))
            }
            work.append(arrival(of: world.newcomers[round], at: world.relay, at: moment()))
        }
        return work
    }

    private static func ping(_ node: SimulatedNode, _ other: SimulatedNode, at: Interval) -> HonestRequest {
        var request: SimulatedRequest?
        return HonestRequest("\(node.name) pings \(other.name)", at: at) {
            request = node.ping(other)
        } isDone: {
            if case .pong? = request?.answer { true } else { false }
        }
    }

    private static func echo(_ node: SimulatedNode, _ other: SimulatedNode, at: Interval) -> HonestRequest {
        var stream: SimulatedStream?
        return HonestRequest("\(node.name) has an echo of \(other.name)", at: at) {
            stream = try? node.open("/echo/1", to: other, .send(40_000))
        } isDone: {
            stream.map { $0.isOver && $0.receivedCount == 40_000 && $0.matchesPattern } ?? false
        }
    }

    /// A new one, also if one stands.
    private static func circuit(
        _ node: SimulatedNode, _ other: SimulatedNode, through relay: SimulatedNode, at: Interval
    ) -> HonestRequest {
        var request: SimulatedRequest?
        var stream: SimulatedStream?
        return HonestRequest("\(node.name) has an echo of \(other.name) through the relay", at: at) {
            node.hangUp(other)
            request = node.connect(to: other, at: [other.address(through: relay)])
        } isDone: {
            if stream == nil, request?.isConnected == true { stream = try? node.open("/echo/1", to: other, .send(20_000)) }
            return stream.map { $0.isOver && $0.receivedCount == 20_000 && $0.matchesPattern } ?? false
        }
    }

    /// Done when every other subscriber has it, once.
    private static func message(by node: SimulatedNode, number: UInt8, in world: BesiegedWorld, at: Interval) -> HonestRequest {
        let data = [UInt8](repeating: number, count: 30_000)
        let others = ([world.relay, world.open] + world.members).filter { $0 !== node }
        return HonestRequest("\(node.name)'s message is with everybody", at: at) {
            node.publish(BesiegedWorld.topic, data)
        } isDone: {
            others.allSatisfy { other in other.messages(BesiegedWorld.topic).count { $0.data == data } == 1 }
        }
    }

    private static func arrival(of node: SimulatedNode, at relay: SimulatedNode, at: Interval) -> HonestRequest {
        var request: SimulatedRequest?
        return HonestRequest("\(node.name) gets a place at the relay", at: at) {
            request = node.reserve(at: relay)
        } isDone: {
            request?.reservation != nil
        }
    }
}
