import CausewayConnection
import CausewaySimulation
import Testing

/// Relays, peers, crashes, cuts, dials, circuits, streams and messages, all drawn from the seed: afterwards the books balance.
/// `CAUSEWAY_WORLDS` says how many (`make worlds`: 20,000).
@Test(arguments: seeds(40, variable: "CAUSEWAY_WORLDS")) func aDrawnWorldKeepsItsPromises(seed: UInt64) throws {
    let world = try DrawnWorld(WorldPlan(seed: seed))
    let faults = world.run()
    guard let first = faults.first else { return }
    var shrinker = PlanShrinker(world.plan) { plan in
        let smaller = try? DrawnWorld(plan).run()
        return smaller?.first?.checker == first.checker
    }
    shrinker.shrink()
    let left = try DrawnWorld(shrinker.plan).run()
    let text = faults.map { "  \($0)" }.joined(separator: "\n")
    let smaller = left.map { "  \($0)" }.joined(separator: "\n")
    Issue.record("\(world.simulation)\n\(text)\nthe same in a smaller one:\n\(shrinker.plan)\n\(smaller)")
}

@Test func aDrawnWorldRunsTheSameTwice() throws {
    let plan = WorldPlan(seed: 7)
    let runs = try (0..<2).map { _ in
        let world = try DrawnWorld(plan)
        _ = world.run()
        return world.simulation.trace.hash
    }
    #expect(runs[0] == runs[1])
}

/// Nothing that worlds are about is missing from them.
@Test func drawnWorldsHaveSomethingOfEverything() throws {
    let expected = [
        "answers: cancelled", "answers: connected", "answers: noPong", "answers: notConnected", "answers: notReserved", "answers: pong",
        "answers: reserved", "WebRTC connections", "circuits over a limit", "connections refused", "connections that another replaced",
        "connections that fell silent", "crashes", "limited connections", "messages", "messages due", "relayed connections",
        "requests of nodes that crashed", "streams that broke", "streams that ended in order",
    ]
    var tally = WorldTally()
    var missing = expected
    for seed in UInt64(1)...200 where !missing.isEmpty {
        let world = try DrawnWorld(WorldPlan(seed: seed))
        _ = world.run()
        tally.add(world)
        missing = expected.filter { tally.counts[$0] == nil }
    }
    #expect(missing.isEmpty, "\(missing) did not happen; there were\n\(tally)")
}

/// A step that alone is to blame is found, with the actor that takes it.
@Test func aPlanThatFailsIsMadeSmaller() throws {
    let plan = WorldPlan(seed: 3)
    let culprit = try #require(plan.steps.dropFirst(5).first)
    var shrinker = PlanShrinker(plan) { smaller in smaller.steps.contains { $0.at == culprit.at && $0.deed == culprit.deed } }
    shrinker.shrink()
    #expect(shrinker.plan.steps.map(\.deed) == [culprit.deed])
    #expect(shrinker.plan.actors.map(\.number) == culprit.deed.actors.sorted())
}
