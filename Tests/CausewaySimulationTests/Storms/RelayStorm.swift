import CausewayConnection
import CausewayIdentity
import CausewayNode
import CausewaySimulation

/// Peers that all hold a reservation at one relay, which restarts and has only so much time for each of them.
struct RelayStorm: CustomStringConvertible {
    let simulation: Simulation
    let relay: SimulatedNode
    let peers: [SimulatedNode]
    /// When the relay ran again.
    private(set) var backAt = Instant(nanoseconds: 0)

    /// What a relay does for a peer that comes back, in inputs of `SimulatedNode.timePerPiece`: its connection, and the pieces of
    /// handshake, identify and RESERVE.
    static let inputsOfPeer = 9

    /// - Parameters:
    ///   - count: how many peers there are. The relay's speed, and how many may be in their handshake, are in proportion to it, so that few
    ///     peers make the same storm as many.
    ///   - wholeSeconds: how long the relay's processor needs for all of them.
    init(seed: UInt64, peers count: Int, wholeSeconds: UInt64, name: String = #function) throws {
        simulation = Simulation(seed: seed, name: name)
        var random = simulation.random("lines")
        relay = try simulation.addNode("relay", ip: [203, 0, 113, 1]) { configuration in
            configuration.relay = RelayLimits()
            configuration.relay?.reservations = count
        }
        relay.host.line.bytesPerSecond = 125_000_000
        var made: [SimulatedNode] = []
        for index in 0..<count {
            let ip: [UInt8] = [198, 18, UInt8(index / 200), UInt8(index % 200 + 1)]
            let line = LineConditions(latency: .milliseconds(UInt64(5 + random.below(96))))
            made.append(try simulation.addNode("peer\(index)", ip: ip, port: nil, line: line, isReachable: false))
        }
        peers = made
        for peer in peers { peer.keepRelays([relay], count: 1) }
        simulation.run(for: .seconds(60))
        relay.configuration.limits.pendingConnections = max(relay.configuration.limits.pendingConnections * count / 10_000, 1)
        relay.timePerPiece = Interval(nanoseconds: wholeSeconds * 1_000_000_000 / UInt64(count * Self.inputsOfPeer))
    }

    /// The relay's process ends, and is back after a while in which its machine refuses connections.
    mutating func restart(after outage: Interval) throws {
        for peer in peers { peer.forgetEvents() }
        relay.crash()
        relay.host.restart()
        simulation.run(for: outage)
        try relay.start()
        backAt = simulation.now
    }

    /// How many peers hold a reservation of the relay's present life.
    var reserved: Int { peers.count { $0.reservationChanges.last?.state == .made } }

    /// How long each peer that is back waited for its reservation since the relay was back.
    var waits: [Interval] {
        peers.compactMap { peer in
            guard let made = peer.events.last(where: { Self.isMade($0.event) }), made.at >= backAt else { return nil }
            return made.at - backAt
        }.sorted()
    }

    private static func isMade(_ event: NodeEvent) -> Bool {
        if case .happened(.reservation(let change)) = event { change.state == .made } else { false }
    }

    /// How long handshakes took that succeeded.
    var handshakes: [Interval] {
        peers.flatMap(\.dialAttempts).filter { $0.result == .connected }.map(\.took).sorted()
    }

    /// How many dials began in each second since the relay was back.
    var dialsInSecond: [Int] {
        var counts: [Int] = []
        for peer in peers {
            for case (let at, .happened(.dialAttempt(let outcome))) in peer.events
            where (at - backAt).nanoseconds >= outcome.took.nanoseconds {
                let second = Int(((at - backAt).nanoseconds - outcome.took.nanoseconds) / 1_000_000_000)
                while counts.count <= second { counts.append(0) }
                counts[second] += 1
            }
        }
        return counts
    }

    var description: String {
        func milliseconds(_ times: [Interval], _ share: Double) -> UInt64 {
            times.isEmpty ? 0 : times[Int(Double(times.count - 1) * share)].nanoseconds / 1_000_000
        }
        let (waits, handshakes) = (waits, handshakes)
        return "\(waits.count) of \(peers.count) back, half after \(milliseconds(waits, 0.5)) ms, the last after "
            + "\(milliseconds(waits, 1)) ms; \(handshakes.count) handshakes, \(milliseconds(handshakes, 0.99)) ms at 99 %; "
            + "dials in each second: \(dialsInSecond)"
    }
}
