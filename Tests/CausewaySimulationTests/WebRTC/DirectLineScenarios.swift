import CausewayConnection
import CausewayIdentity
import CausewayNode
import CausewaySimulation
import Testing

/// What a line does to an association.
enum DirectLine: String, CaseIterable {
    case lossy = "loses a fifth"
    case reordering = "holds up a third"
    case doubling = "doubles a third"
    case slow = "half a second each way"
    case narrow = "1,280 bytes"
    case awful = "all of it"

    var conditions: LineConditions {
        var line = LineConditions()
        if self == .lossy { line.loss = 0.2 }
        // Where a transfer takes minutes, consent ends with five lost answers in a row (RFC 7675), as a fifth of losses brings about.
        if self == .awful { line.loss = 0.03 }
        if self == .reordering || self == .awful { (line.reordering, line.reorderingDelay) = (0.33, .milliseconds(100)) }
        if self == .doubling || self == .awful { line.duplication = 0.33 }
        if self == .slow || self == .awful { line.latency = .milliseconds(500) }
        if self == .narrow || self == .awful { line.mtu = 1280 }
        return line
    }
}

@Test(arguments: DirectLine.allCases, seeds(4)) func directStreamsComeThrough(line: DirectLine, seed: UInt64) throws {
    let pair = try DirectPair(seed: seed, line: line.conditions)
    try pair.connect(tries: 4)
    try pair.echo(60_000, from: pair.dialler, to: pair.listener, within: .seconds(300))
    try pair.echo(60_000, from: pair.listener, to: pair.dialler, within: .seconds(300))
    pair.dialler.hangUp(pair.listener)
    // The listener may have to wait for the end of consent, if the goodbye got lost.
    pair.simulation.run(for: .seconds(60))
    pair.expectNothingLeft()
}

/// The dialler's own line takes 1,500 bytes, and somewhere on the way only 1,280 pass, about which nobody tells.
@Test func nothingIsTooLongForAPathOfIPv6() throws {
    for family in 0..<2 {
        let pair = try DirectPair(seed: 21, keepsLines: true)
        pair.listener.host.line.mtu = 1280
        let request = pair.dialler.connect(to: pair.listener, at: [pair.listener.addresses[family]])
        try pair.simulation.run(until: "connected", timeout: .seconds(5)) { request.isConnected }
        try pair.echo(200_000, from: pair.dialler, to: pair.listener)
        #expect(!pair.simulation.trace.lines.contains { $0.contains(PacketDrop.tooLarge.rawValue) }, pair.comment)
    }
}

/// Below that, full packets vanish and small ones arrive, so consent is given all the time. The connection must end all the same.
@Test func aBlackHoleEndsAConnectionInTime() throws {
    let pair = try DirectPair(seed: 22)
    try pair.connect()
    pair.listener.host.line.mtu = 1200
    let stream = try pair.dialler.open("/echo/1", to: pair.listener, .send(100_000))
    try pair.simulation.run(until: "the stream is over", timeout: .seconds(300)) { stream.isOver }
    #expect(stream.error != nil, pair.comment)
    pair.simulation.run(for: .seconds(60))
    #expect(!pair.isConnected, pair.comment)
    pair.expectNothingLeft()
}
