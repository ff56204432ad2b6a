import CausewayConnection

@testable import CausewayNode
@testable import CausewaySimulation

/// Measures for what share of the time in which there is a path the friend can reach the phone, and what befell the phone before it could
/// not.
///
/// Once a second it looks whether a relay has what a circuit needs. Every ten minutes the friend dials what the phone advertises, and has
/// a stream echoed: that has to work if the relays have what it needs.
struct ReachMeter: CustomStringConvertible {
    private(set) var withPath = 0
    private(set) var reached = 0
    /// How often the friend dialled and had its echo.
    private(set) var echoes = 0
    /// Dials that failed although a relay had what they needed all the time.
    private(set) var faults: [String] = []
    private var without: [String: Int] = [:]
    private var times: [String: Int] = [:]
    private var wasReached = true
    private var dial: Dial?

    private struct Dial {
        let request: SimulatedRequest
        let beganAt: Int
        var stream: SimulatedStream?
    }

    private static let pause = 600
    private static let patience = 5
    private static let greeting = [UInt8](repeating: 7, count: 100)

    var share: Double { withPath == 0 ? 0 : Double(reached) / Double(withPath) }

    mutating func look(at day: PhoneDay, after deed: DayPlan.Deed) {
        guard day.hasPath else {
            wasReached = true
            dial = nil
            return
        }
        withPath += 1
        let isReached = day.relays.contains { Self.canBridge($0, to: day.phone) }
        if isReached { reached += 1 } else { count(Self.name(deed)) }
        wasReached = isReached
        if isReached { call(day) } else { dial = nil }
    }

    private mutating func count(_ cause: String) {
        without[cause, default: 0] += 1
        if wasReached { times[cause, default: 0] += 1 }
    }

    private static func name(_ deed: DayPlan.Deed) -> String {
        switch deed {
        case .sleep: "falling asleep"
        case .wake(let isSuspended): isSuspended ? "being suspended" : "being held"
        case .join: "another network"
        case .restartRouter: "a router's restart"
        case .stopRelay: "a relay's end"
        case .startRelay: "a relay's start"
        }
    }

    /// Whether a relay has a reservation of the phone's, and a live connection for a circuit that the phone would accept.
    private static func canBridge(_ relay: SimulatedNode, to phone: SimulatedNode) -> Bool {
        guard let shell = relay.shell, let near = phone.shell else { return false }
        guard shell.node.services.relay?.place(of: phone.peerID, now: shell.now) != nil,
            let best = shell.node.bestLink(for: phone.peerID, allowsLimited: true),
            let link = (shell.links.carrier(of: best) as? SocketCarrier)?.socket?.link, link.isAlive
        else { return false }
        return phone.advertised.contains { $0.splitAtCircuit()?.relay == relay.addresses[0] } && near.links.count > 0
    }

    // MARK: Dials

    private mutating func call(_ day: PhoneDay) {
        let now = Int(day.simulation.now.nanoseconds / 1_000_000_000)
        guard var dial else {
            guard withPath % Self.pause == 0 else { return }
            day.friend.hangUp(day.phone)
            let circuits = day.phone.advertised.filter(\.isCircuit)
            self.dial = Dial(request: day.friend.connect(to: day.phone, at: circuits), beganAt: now)
            return
        }
        if dial.stream == nil, dial.request.isConnected {
            dial.stream = try? day.friend.open("/echo", to: day.phone)
            dial.stream?.write(Self.greeting)
        }
        self.dial = dial
        if dial.stream?.received == Self.greeting {
            echoes += 1
            dial.stream?.finish()
            self.dial = nil
        } else if now - dial.beganAt > Self.patience {
            faults.append("no echo after \(now) s: \(dial.request.answer.map { "\($0)" } ?? "no answer")")
            self.dial = nil
        }
    }

    var description: String {
        let parts = without.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value) s, \(times[$0.key, default: 0]) times" }
        let percent = (share * 100_000).rounded() / 1000
        return "reached \(percent) % of \(withPath) s, \(echoes) echoes; without reach after \(parts.joined(separator: ", "))"
    }
}
