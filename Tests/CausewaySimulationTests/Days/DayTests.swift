import CausewayNode
import CausewaySimulation
import Testing

/// Of the time in which there is a path, a friend can reach a phone for 99.5 %, and after a day nothing is left of it.
/// `CAUSEWAY_SEEDS` says how many days.
@Test(arguments: seeds(3)) func aPhoneIsReachedThroughTheDay(seed: UInt64) throws {
    let day = try PhoneDay(seed: seed)
    try day.settle()
    let before = remains(day)
    var meter = ReachMeter()
    try day.run { meter.look(at: day, after: $0) }
    print("day \(day.simulation.seed): \(meter)")
    #expect(meter.share >= 0.995, "\(meter)\n\(day.simulation)")
    #expect(meter.faults.isEmpty, "\(day.simulation)")
    #expect(meter.echoes > 10, "\(day.simulation)")
    try day.settle()
    let after = remains(day)
    #expect(
        after.filter { !before.contains($0) } == [] && after.count == before.count,
        "before: \(before.filter { !after.contains($0) }); \(day.simulation)")
}

private func remains(_ day: PhoneDay) -> [String] {
    day.all.flatMap { node in RemainsChecker().remains(of: node).map { "\(node.name): \($0)" } }
}
