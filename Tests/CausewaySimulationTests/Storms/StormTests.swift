import CausewayConnection
import CausewayNode
import CausewaySimulation
import Foundation
import Testing

/// `CAUSEWAY_STORM` says how many peers there are.
private let population = ProcessInfo.processInfo.environment["CAUSEWAY_STORM"].flatMap(Int.init) ?? 1000

/// However long a relay was away, all its peers hold a reservation again within half a minute, none of them has given up, and their dials
/// are spread. The relay is slower than real ones: it needs ten seconds for all of them.
@Test(arguments: [300, 3000, 60_000]) func allPeersComeBackToARestartedRelay(awayFor milliseconds: UInt64) throws {
    var storm = try RelayStorm(seed: milliseconds, peers: population, wholeSeconds: 10)
    #expect(storm.reserved == population, "\(storm.simulation)")
    try storm.restart(after: .milliseconds(milliseconds))
    storm.simulation.run(for: .seconds(30))
    print("away for \(milliseconds) ms: \(storm)")
    #expect(storm.reserved == population, "\(storm.simulation)")
    let handshakes = storm.handshakes
    #expect(handshakes[handshakes.count * 99 / 100] < .seconds(2), "\(storm.simulation)")
    // Work is wasted on few: who is let in gets through.
    #expect(handshakes.count < population * 21 / 20, "\(storm.simulation)")
    // A relay that is back at once is found by all in the first second. It serves as many as it can, and the others spread.
    let dials = storm.dialsInSecond
    let largest = milliseconds < 1000 ? dials.dropFirst().max() : dials.max()
    #expect(largest ?? 0 < population / 2, "\(storm.simulation)")
}
