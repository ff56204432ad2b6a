import CausewayConnection
import CausewayIdentity
import CausewayNode
import CausewayWebRTC
import Testing

@testable import CausewaySimulation

/// A node that listens on `/webrtc-direct` alone, and one that dials it.
struct DirectPair {
    let simulation: Simulation
    let listener: SimulatedNode
    let dialler: SimulatedNode
    static let port: UInt16 = 4001

    /// - Parameters:
    ///   - nat: what the dialler stands behind.
    ///   - line: the dialler's.
    init(
        seed: UInt64 = 1, nat: NAT? = nil, line: LineConditions = LineConditions(), keepsLines: Bool = false,
        test: String = Test.current?.name ?? #function
    ) throws {
        simulation = Simulation(seed: seed, keepsLines: keepsLines, name: test)
        let router = nat.map { [simulation] in simulation.addRouter("router", ip: [198, 51, 100, 1], nat: $0) }
        listener = try simulation.addNode(
            "listener", ip: [203, 0, 113, 1], others: [Self.six(1)], port: nil, webRTCPort: Self.port)
        dialler = try simulation.addNode(
            "dialler", ip: router == nil ? [198, 51, 100, 7] : [192, 168, 1, 2], others: router == nil ? [Self.six(2)] : [], port: nil,
            line: line, behind: router)
        for node in [listener, dialler] { node.serve("/echo/1", .echo) }
    }

    private static func six(_ last: UInt8) -> [UInt8] { [0x2a, 5, 0, 0] + [UInt8](repeating: 0, count: 11) + [last] }

    /// How to repeat the run: for expectations.
    var comment: Comment { "\(simulation)" }

    var isConnected: Bool { dialler.isConnected(to: listener) && listener.isConnected(to: dialler) }

    /// - Parameter tries: A handshake has 10 s, which is too short for some lines now and then.
    func connect(tries: Int = 1) throws {
        for left in (0..<tries).reversed() {
            let request = dialler.connect(to: listener, at: [listener.addresses[0]])
            simulation.run(for: .milliseconds(1))
            while !request.isAnswered { simulation.run(for: .milliseconds(100)) }
            if left > 0, !request.isConnected {
                // Past the address's back-off.
                simulation.run(for: .seconds(60))
                continue
            }
            try simulation.check(request.isConnected, "the dialler is connected", found: "\(String(describing: request.answer))")
            break
        }
        try simulation.run(until: "both are connected", timeout: .seconds(10)) { isConnected }
    }

    /// Sends bytes forth and back, and looks at them.
    func echo(_ count: UInt64, from one: SimulatedNode, to other: SimulatedNode, within time: Interval = .seconds(30)) throws {
        let stream = try one.open("/echo/1", to: other, .send(count))
        try simulation.run(until: "\(count) bytes are back at \(one.name)", timeout: time, found: "\(stream.receivedCount)") {
            stream.isOver
        }
        let found = "\(stream.receivedCount) of \(count), \(String(describing: stream.error))"
        #expect(stream.error == nil && stream.receivedCount == count && stream.matchesPattern, "\(found); \(simulation)")
    }

    /// Connects, and sends a stream to a listener who does not read it, until nothing more moves.
    func pausedStream(_ count: UInt64) throws -> (sender: SimulatedStream, reader: SimulatedStream) {
        listener.serve("/slow/1", .sink)
        try connect()
        let slow = try dialler.open("/slow/1", to: listener, .send(count))
        try simulation.run(until: "the stream is there", timeout: .seconds(5)) { !listener.accepted.isEmpty }
        listener.accepted[0].pauseReading()
        simulation.run(for: .seconds(8))
        return (slow, listener.accepted[0])
    }

    // MARK: Below the nodes

    func ports(of node: SimulatedNode) -> [SimulatedDatagramPort] {
        node.shell?.ports.compactMap { $0 as? SimulatedDatagramPort } ?? []
    }

    /// What a node's ports keep for others.
    func associations(of node: SimulatedNode) -> Int { ports(of: node).reduce(0) { $0 + $1.counts.associations } }

    /// Where a node sees the other.
    func remote(of node: SimulatedNode) -> Endpoint? {
        node.shell.flatMap { shell in shell.links.links.first.flatMap { shell.links.carrier(of: $0.id) as? AssociationCarrier }?.remote }
    }

    /// How a node's connections to the other ended.
    func ends(at node: SimulatedNode) -> [ConnectionError] {
        node.events.compactMap { if case .happened(.disconnected(_, let error)) = $0.event { error } else { nil } }
    }

    /// Nobody keeps anything of an association, nor a socket of a dial.
    func expectNothingLeft() {
        #expect(associations(of: listener) == 0 && associations(of: dialler) == 0, comment)
        #expect(ports(of: listener).count == 1 && ports(of: dialler).isEmpty, comment)
    }
}
