import CausewayConnection
import CausewaySimulation
import Testing

/// An honest request takes at most twice the time that it takes without attackers, and two round trips more. A run of 500 seeds takes some
/// minutes (`make soak`).
@Test(arguments: seeds(60)) func attackersSlowNobodyDownAndFillNothing(seed: UInt64) throws {
    let quiet = try BesiegedWorld(seed: seed, isAttacked: false)
    quiet.run()
    let attacked = try BesiegedWorld(seed: seed, isAttacked: true)
    attacked.run()
    for (calm, besieged) in zip(quiet.work, attacked.work) {
        let usual = try #require(calm.took, "\(calm.name), without attackers; \(quiet.simulation)")
        let bound = Interval.milliseconds(2 * usual.milliseconds + 100)
        let took = besieged.took.map { "\($0.milliseconds) ms" } ?? "no end"
        let isInTime = besieged.took.map { $0 <= bound } ?? false
        #expect(isInTime, "\(besieged.name): \(usual.milliseconds) ms, with attackers \(took); \(attacked.simulation)")
    }
    for world in [quiet, attacked] { #expect(world.answeredTwice.isEmpty, "\(world.simulation)") }
    for (name, holdings) in attacked.most { #expect(holdings.excess.isEmpty, "\(name); \(attacked.simulation)") }

    // Nothing is left of the attackers once they are gone, and the longest time that anything of theirs may take is over.
    for world in [quiet, attacked] { world.simulation.run(for: .seconds(70)) }
    for (calm, besieged) in zip(quiet.victims, attacked.victims) {
        #expect(Holdings(of: besieged).excess(over: Holdings(of: calm)).isEmpty, "\(besieged.name); \(attacked.simulation)")
    }
}
