import CausewayConnection
import CausewayIdentity
import CausewayNode
import CausewaySimulation
import CausewayTLS
import Testing

/// The real DTLS over simulated datagrams. Its keys are random, so that a run does not repeat itself byte for byte; lines are drawn alike.
@Test(arguments: [DirectLine.lossy, .reordering, .slow]) func realDTLSRunsInVirtualTime(line: DirectLine) throws {
    let pair = try DirectPair(seed: 41, line: line.conditions)
    for node in [pair.listener, pair.dialler] {
        node.crash()
        node.datagramTLS = try DTLSContext(DTLSCertificate(now: 1_800_000_000, lifetime: 1_000_000))
        try node.restart()
    }
    try pair.connect(tries: 4)
    try pair.echo(60_000, from: pair.dialler, to: pair.listener, within: .seconds(300))
    try pair.echo(60_000, from: pair.listener, to: pair.dialler, within: .seconds(300))
    pair.dialler.hangUp(pair.listener)
    pair.simulation.run(for: .seconds(60))
    pair.expectNothingLeft()
}
