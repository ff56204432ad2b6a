import CausewayConnection
import CausewayIdentity
import CausewayNode
import CausewaySimulation
import Testing

// Nodes that are connected through a relay, and connect directly over TCP by hole punching wherever there is a path.

/// Behind every pair of networks, whoever of the two has the reservation: the direct connection stands exactly where SYNs can meet. Where
/// they cannot, the circuit stays.
@Test(arguments: Site.every.indices) func holePunchingConnectsWhereTheOracleSays(index: Int) throws {
    let one = Site.every[index]
    for other in Site.every {
        let pair = try RelayedPair(seed: 7, one, other, over: .tcp)
        try pair.meet()
        let path = NATOracle.path(from: pair.offerer.host, to: pair.answerer.host, over: .tcp)
        let cell = "\(one) - \(other), by the oracle \(path); \(pair.simulation)"
        if path == .none {
            pair.simulation.run(for: .seconds(40))
            #expect(!pair.isDirect || one.admitsASecondPort || other.admitsASecondPort, "\(cell)")
        } else {
            try pair.simulation.run(until: "a direct connection: \(cell)", timeout: .seconds(20)) { pair.isDirect }
        }
        try pair.echo(2000, from: pair.offerer, to: pair.answerer)
        try pair.echo(2000, from: pair.answerer, to: pair.offerer)
    }
}

extension Site {
    /// The oracle lets each host use one port. Here each has two, and there is one network that admits the second one alone: a home's NAT
    /// that filters by address, behind a carrier's that filters nothing and maps each remote's connections elsewhere.
    fileprivate var admitsASecondPort: Bool {
        nats.count == 2 && nats[0].filtering == .addressDependent && nats[1].filtering == .endpointIndependent
            && nats[1].mapping == .addressDependent
    }
}

private let quickPairs: [(Site, Site)] = [
    (.portRestricted, .portRestricted), (.symmetric, .restrictedCone), (.restrictedCone, .symmetric), (.fullCone, .symmetric),
    (.firewalled, .portRestricted), (.fullCone, .portRestricted),
]

/// What most pairs need is a round trip for the addresses and one for the SYNs, whichever side is the symmetric one.
@Test(arguments: quickPairs)
func theFirstAttemptIsEnough(one: Site, other: Site) throws {
    let pair = try RelayedPair(seed: 71, one, other, over: .tcp)
    try pair.meet()
    try pair.simulation.run(until: "a direct connection: \(one) - \(other)", timeout: .milliseconds(1500)) { pair.isDirect }
}

/// What gets lost is sent again, by the hosts or in the next attempt.
@Test(arguments: [(Site.portRestricted, Site.portRestricted), (.restrictedCone, .symmetric), (.open, .portRestricted)])
func holesArePunchedThroughLossAndDelay(one: Site, other: Site) throws {
    for seed in UInt64(1)...12 {
        let pair = try RelayedPair(seed: seed, one, other, over: .tcp)
        for node in [pair.offerer, pair.answerer] {
            node.host.line.latency = .milliseconds(150)
            node.host.line.jitter = .milliseconds(50)
        }
        try pair.meet()
        for node in [pair.offerer, pair.answerer] { node.host.line.loss = 0.15 }
        try pair.simulation.run(until: "a direct connection, seed \(seed): \(one) - \(other)", timeout: .seconds(60)) { pair.isDirect }
    }
}

/// The relayed connection is closed, and the direct one needs the relay no more.
@Test func aPunchedConnectionOutlivesTheRelay() throws {
    let pair = try RelayedPair(seed: 72, .portRestricted, .restrictedCone, over: .tcp)
    try pair.meet()
    try pair.simulation.run(until: "a direct connection", timeout: .seconds(5)) { pair.isDirect }
    pair.relay.crash()
    pair.simulation.run(for: .seconds(120))
    for (node, other) in [(pair.offerer, pair.answerer), (pair.answerer, pair.offerer)] {
        #expect(node.connections(to: other).map(\.path) == [.direct(.tcp)], pair.comment)
    }
    #expect(pair.offerer.connections(to: pair.answerer)[0].isInbound != pair.answerer.connections(to: pair.offerer)[0].isInbound)
    try pair.echo(1 << 20, from: pair.offerer, to: pair.answerer)
}

/// A node that listens nowhere punches from the port that the relay has seen.
@Test func aNodeWithoutAListenerIsReached() throws {
    for deafOne in [true, false] {
        let pair = try RelayedPair(seed: 73, .portRestricted, .portRestricted, over: .tcp, isDeaf: (deafOne, !deafOne))
        try pair.meet()
        try pair.simulation.run(until: "a direct connection, \(deafOne)", timeout: .seconds(15)) { pair.isDirect }
    }
}

/// Two peers that have both ways end with one direct connection.
@Test(arguments: [(Site.portRestricted, Site.portRestricted), (.symmetric, .fullCone), (.open, .open)])
func bothWaysTogetherLeaveOneConnection(one: Site, other: Site) throws {
    let pair = try RelayedPair(seed: 74, one, other, over: .tcp) { $0.webRTC = true }
    try pair.meet()
    try pair.simulation.run(until: "a direct connection", timeout: .milliseconds(1500)) {
        pair.offerer.connections(to: pair.answerer).contains { !$0.path.isRelayed }
    }
    pair.simulation.run(for: .seconds(60))
    for (node, peer) in [(pair.offerer, pair.answerer), (pair.answerer, pair.offerer)] {
        #expect(node.connections(to: peer).map(\.path.isRelayed) == [false], pair.comment)
    }
    try pair.echo(5000, from: pair.offerer, to: pair.answerer)
}
