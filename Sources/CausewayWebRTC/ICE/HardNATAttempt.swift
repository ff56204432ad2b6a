import CausewayConnection
import CausewayIdentity

/// One side's part in passing NATs between which ICE finds no path: one side's gives each remote another port, and the other side's lets in
/// only what comes from ports that were sent to. No server can name the port, so it has to be met.
///
///     random ports      256 sockets send to the other side's port, which sends to 1,150 ports of that NAT; two of them meet
///     one after another the other side sends to the ports behind the last one that is known first
///
/// All that is sent are checks of ICE, so that ICE goes on with the pair of which one has come through. The agent asks it what is due.
final class HardNATAttempt {
    enum Step: Equatable {
        /// For candidates, and for ICE to find a path by itself.
        case waiting
        case running
        case over
    }

    /// A datagram that is due.
    struct Shot: Equatable {
        /// From where. Of many sockets it is the one beside which the others are.
        let base: LocalBase
        let remote: Endpoint
        /// The number of the socket, if it is one of many.
        let socket: UInt32?
    }

    /// Numbers of sockets that ICE has not named itself.
    static let firstSocket: UInt32 = 1 << 16

    let needs: HardNATs
    private(set) var step = Step.waiting
    private var report = HardNATReport(.notNeeded)
    /// The candidates that were looked at last.
    private var candidates = 0
    private var nextAt = Instant.distantFuture
    private var endsAt = Instant.distantFuture
    private var part: HardNATReport.Part?
    private var base: LocalBase?
    private var remoteIP: [UInt8] = []
    /// Where to send from many sockets.
    private var target: Endpoint?
    private var ports: PortWalk?
    /// When they are through.
    private var furtherPorts: PortWalk?
    /// When predictions have failed.
    private var predictionEndsAt: Instant?
    private var sent = 0
    /// What is to be sent as soon as its socket is open.
    var waitingShot: Shot?
    /// How many sockets were asked for.
    private(set) var opened: UInt32 = 0
    /// Those on which a check of the remote has come.
    private(set) var used: [UInt32] = []

    private var limits: HardNATLimits { needs.limits }

    init(_ needs: HardNATs) { self.needs = needs }

    var nextDeadline: Instant { step == .over ? .distantFuture : min(nextAt, endsAt) }

    // MARK: Beginning

    /// Whether it is time to look for something to do: so many candidates have been known for a while.
    func isDue(knowing count: Int, now: Instant) -> Bool {
        if count != candidates {
            candidates = count
            nextAt = now + limits.delay
        }
        guard nextAt <= now else { return false }
        nextAt = .distantFuture
        return true
    }

    func decline() {
        report = HardNATReport(.remoteDeclines)
        step = .over
    }

    /// Begins, if the two sides' NATs are of the kinds with which something can be done.
    func begin(_ local: MappedPorts, _ remote: MappedPorts, from base: LocalBase, random: UInt64, now: Instant) {
        switch (local.kind, remote.kind) {
        // Behind the same NAT, it would be tried at one's own router.
        case _ where local.ip == remote.ip: return
        case (.same, .random): ports = PortWalk(random: random, count: limits.probes)
        case (.same, .sequential):
            ports = PortWalk(behind: remote.highest, count: limits.predictions)
            furtherPorts = PortWalk(random: random, count: limits.probes - limits.predictions)
        case (.sequential, .same) where now < endOfPredictions(now):
            nextAt = endOfPredictions(now)
            return
        case (.random, .same), (.sequential, .same): target = remote.endpoint
        case (.same, .same):
            report = HardNATReport(.notNeeded)
            return
        case (.random, _), (.sequential, _):
            report = HardNATReport(.bothDependent)
            return
        }
        guard needs.mayBegin(now) else {
            nextAt = now + limits.delay
            report = HardNATReport(.busy)
            return
        }
        let part: HardNATReport.Part = target != nil ? .sockets : remote.kind == .random ? .probes : .predictions
        self.part = part
        self.base = base
        remoteIP = remote.ip
        report = HardNATReport(.running, part)
        step = .running
        nextAt = now
        endsAt = now + limits.time
    }

    /// The remote predicts ports first, and may need nothing of this side.
    private func endOfPredictions(_ now: Instant) -> Instant {
        let end = predictionEndsAt ?? now + limits.predictionTime
        predictionEndsAt = end
        return end
    }

    // MARK: Running

    /// What is to be sent now. It is to be sent with `sent` after its socket was opened.
    func next(now: Instant) -> Shot? {
        guard step == .running, nextAt <= now, let base, let shot = shot(from: base) else { return nil }
        sent += 1
        if nextAt + Interval(nanoseconds: limits.pace.nanoseconds * limits.burst) < now { nextAt = now }
        nextAt = nextAt + limits.pace
        return shot
    }

    private func shot(from base: LocalBase) -> Shot? {
        if let target, opened < limits.sockets {
            opened += 1
            return Shot(base: base, remote: target, socket: Self.firstSocket + opened - 1)
        }
        if let port = ports?.next() ?? furtherPorts?.next() {
            return Endpoint(ip: remoteIP, port: port).map { Shot(base: base, remote: $0, socket: nil) }
        }
        nextAt = .distantFuture
        return nil
    }

    /// The base that one of its sockets is, because a check of the remote has come there. nil: it is none of them, or too many have come.
    func base(of socket: UInt32) -> LocalBase? {
        guard let base, socket >= Self.firstSocket, socket - Self.firstSocket < opened, used.count < limits.usedSockets else { return nil }
        if !used.contains(socket) { used.append(socket) }
        return LocalBase(socket: socket, endpoint: base.endpoint)
    }

    // MARK: End

    /// What was done, and what came of it. There may be a path, and a connection over it, before time has passed here.
    func report(withPath hasPath: Bool) -> HardNATReport {
        step == .running && hasPath ? HardNATReport(.passed, part, packets: sent) : report
    }

    /// Whether it has ended now, because there is a path, or its time is over.
    func hasEnded(withPath hasPath: Bool, now: Instant) -> Bool {
        guard step != .over, hasPath || endsAt <= now else { return false }
        if step == .running { report = hasPath ? report(withPath: true) : HardNATReport(.unanswered, part, packets: sent) }
        step = .over
        return true
    }

    /// The sockets that have no use any more.
    var unused: [UInt32] { (0..<opened).map { Self.firstSocket + $0 }.filter { !used.contains($0) } }
}
