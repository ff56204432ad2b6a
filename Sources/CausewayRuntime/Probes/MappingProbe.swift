package import CausewayIdentity
package import CausewayWebRTC

/// Asks STUN servers of one address family how the NATs before this machine treat UDP: two sockets that a `MappingSurvey` uses. All of it
/// is called on the loop.
package final class MappingProbe {
    /// What it has found out.
    package struct Findings: Sendable {
        /// The first socket's own endpoint. nil: no server was asked that this machine has a way to.
        package var local: Endpoint?
        package var answers: [STUNAnswer] = []
        package var hairpins: Bool?
    }

    private let loop: EventLoop
    private let isIPv4: Bool
    private var survey: MappingSurvey
    private var sockets: [MappingSurvey.Socket: DatagramReader] = [:]
    private var local: Endpoint?
    private var timer: LoopTimer?
    private var limit: LoopTimer?
    private var concluded: ((Findings) -> Void)?
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: STUNLimits.messageSize, alignment: 16)

    /// A person waits for the result: after 2.2 s nobody answers any more.
    static var limits: STUNLimits {
        var limits = STUNLimits()
        limits.retransmissionTimeout = .milliseconds(200)
        limits.requests = 4
        limits.finalWait = 4
        return limits
    }

    package init(on loop: EventLoop, isIPv4: Bool) {
        self.loop = loop
        self.isIPv4 = isIPv4
        survey = MappingSurvey(secret: Entropy.bytes(32), limits: Self.limits)
    }

    /// The loop may end before the survey does.
    deinit {
        buffer.deallocate()
        concluded?(Findings())
    }

    /// Asks one more server. Nothing happens if it has an address of the other family, or this machine has no way there.
    package func ask(_ server: Endpoint) {
        guard server.isIPv4 == isIPv4, let source = Route.source(towards: server), let socket = socket(.first) else { return }
        guard let from = Endpoint(ip: source, port: socket.localEndpoint.port) else { return }
        local = local ?? from
        survey.ask(server, from: from, now: loop.now)
        proceed()
    }

    /// Reports, once everything that was asked is answered or nobody answers any more, at the latest after this time, and closes the
    /// sockets.
    package func conclude(within time: Interval, then: @escaping (Findings) -> Void) {
        concluded = then
        let limit = LoopTimer(on: loop) { [self] in end() }
        limit.start(afterNanoseconds: time.nanoseconds)
        self.limit = limit
        proceed()
    }

    private func end() {
        guard let then = concluded else { return }
        concluded = nil
        limit?.close()
        timer?.close()
        for reader in sockets.values { reader.socket.close() }
        sockets = [:]
        then(Findings(local: local, answers: survey.answers, hairpins: survey.hairpins))
    }

    private func socket(_ which: MappingSurvey.Socket) -> DatagramSocket? {
        if let open = sockets[which] { return open.socket }
        guard let any = Endpoint(ip: [UInt8](repeating: 0, count: isIPv4 ? 4 : 16), port: 0),
            let opened = try? DatagramSocket(on: loop, at: any)
        else { return nil }
        // It holds the probe until the socket is closed. What is lost is asked again.
        sockets[which] = DatagramReader(opened, received: { [self] in received($0, on: which, from: $1) })
        return opened
    }

    private func received(_ bytes: UnsafeRawBufferPointer, on socket: MappingSurvey.Socket, from remote: Endpoint) {
        survey.receive(bytes, on: socket, from: remote, now: loop.now)
        proceed()
    }

    /// Sends what is due.
    private func proceed() {
        while let due = survey.poll(into: buffer, now: loop.now) {
            let bytes = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[..<due.size])
            try? socket(due.socket)?.send(bytes, to: due.remote)
        }
        if survey.isSettled { return end() }
        let now = loop.now
        let timer = timer ?? LoopTimer(on: loop) { [self] in proceed() }
        self.timer = timer
        timer.start(afterNanoseconds: (survey.nextDeadline - now).nanoseconds)
    }
}
