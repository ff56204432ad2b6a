import CausewayIdentity

@testable import CausewayWebRTC

/// An agent whose remote is the test, message by message.
final class AgentBench {
    let agent: ICEAgent
    let remote = ICECredentials(secret: [UInt8](repeating: 9, count: 32))
    private(set) var now = at(seconds: 1)
    private(set) var events: [ICEOutput] = []
    private var number: UInt64 = 0

    static let ours = Endpoint(ip: [198, 51, 100, 1], port: 5000)!

    init(
        _ role: ICERole, limits: ICELimits = ICELimits(), knowsRemote: Bool = true, mayCheck: @escaping (Endpoint) -> Bool = { _ in true }
    ) {
        agent = ICEAgent(
            role, ICECredentials(secret: [UInt8](repeating: 7, count: 32)), bases: [LocalBase(socket: 1, endpoint: Self.ours)],
            secret: [UInt8](repeating: 8, count: 32), now: now, limits: limits, mayCheck: mayCheck)
        if knowsRemote { agent.setRemote(remote, now: now) }
    }

    static func remote(_ number: Int) -> Endpoint { Endpoint(ip: [203, 0, UInt8(number >> 8), UInt8(number & 255)], port: 4000)! }

    func name(_ endpoint: Endpoint, priority: UInt32, kind: ICECandidate.Kind = .host) {
        agent.add(ICECandidate(foundation: [UInt8](utf8: "1"), priority: priority, address: .endpoint(endpoint), kind: kind))
    }

    var path: Endpoint? { agent.toldPath?.remote }

    // MARK: Messages

    /// A check of the remote.
    @discardableResult
    func check(
        from source: Endpoint, nominating: Bool = false, priority: UInt32 = 0x6e00_1eff, role: ICERole? = nil, tieBreaker: UInt64 = 1
    ) -> ICETestOutputs {
        number += 1
        return receive(
            written(.request, TransactionID(high: 0, low: number)) { writer in
                writer.append(username: agent.local.fragment, remote.fragment)
                writer.append(.priority, priority)
                writer.append((role ?? agent.role.other).attribute, tieBreaker)
                if nominating { writer.append(.useCandidate) }
                return writer.finish(password: agent.local.password)
            }, from: source)
    }

    /// The remote's answer to a check that was sent.
    @discardableResult
    func answer(_ check: (bytes: [UInt8], path: ICEPath), error: STUNErrorCode? = nil, from source: Endpoint? = nil) -> ICETestOutputs {
        guard let transaction = try? reading(check.bytes, { $0.kind == .request ? $0.transaction : nil }) else { return ICETestOutputs() }
        return receive(
            written(error == nil ? .success : .failure, transaction) { writer in
                if let error { writer.append(error) } else { writer.append(mappedAddress: Self.ours) }
                return writer.finish(password: remote.password)
            }, from: source ?? check.path.remote)
    }

    func receive(_ bytes: [UInt8], from source: Endpoint) -> ICETestOutputs {
        bytes.withUnsafeBytes { agent.receive($0, over: ICEPath(socket: 1, remote: source), now: now) }
        return poll()
    }

    func poll() -> ICETestOutputs {
        let outputs = drain { agent.pollOutput(into: $0, now: now) }
        events += outputs.events
        return outputs
    }

    /// Lets time pass. The remote answers what comes, or some of it.
    @discardableResult
    func wait(_ seconds: Double, answers: (ICEPath) -> Bool = { _ in true }) -> [(bytes: [UInt8], path: ICEPath)] {
        let end = now + Interval(nanoseconds: UInt64(seconds * 1e9))
        var sent: [(bytes: [UInt8], path: ICEPath)] = []
        var queue = poll().sent
        while true {
            while !queue.isEmpty {
                let one = queue.removeFirst()
                guard (try? reading(one.bytes) { $0.kind == .request }) == true else { continue }
                sent.append(one)
                if answers(one.path) { queue += answer(one).sent }
            }
            guard agent.nextDeadline <= end else { break }
            now = max(now, agent.nextDeadline)
            queue = poll().sent
        }
        now = end
        return sent
    }
}
