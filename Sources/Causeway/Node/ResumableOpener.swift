import CausewayConnection
import CausewayIdentity
import CausewayNode

/// Keeps a resumable stream that was opened here on a connection: opens the next stream for it when the one that carries it has ended, or
/// when a direct connection stands beside the relayed one.
struct ResumableOpener: Sendable {
    let stream: ResumableStream
    let peer: PeerID
    let protocolID: String
    /// Where the peer was said to be; none: the node knows.
    let addresses: [Multiaddr]
    let allowsLimited: Bool
    let node: Node

    /// Runs until the stream is over.
    /// - Parameter first: a stream on which both sides agreed on the protocol.
    func run(over first: CarryingStream) async {
        var next: CarryingStream? = first
        var attempts = Attempts(for: stream.limits.deadline)
        while !stream.isOver {
            guard let carrier = next else {
                next = await reopen(&attempts)
                continue
            }
            let (begun, resumed) = (ContinuousClock.now, stream.resumed)
            next = await run(carrier)
            if stream.resumed > resumed { attempts.wereCarried(since: begun) }
        }
    }

    /// Carries the stream until this carrier ends. Returns a better one if it stands.
    private func run(_ carrier: CarryingStream) async -> CarryingStream? {
        guard let carriage = await begin(carrier) else { return nil }
        return await withTaskGroup(of: CarryingStream?.self) { group in
            group.addTask {
                await stream.carry(by: carriage)
                return nil
            }
            group.addTask { await StallWatch(stream, with: peer, node.shell).watch() }
            group.addTask { await better(than: carrier) }
            defer { group.cancelAll() }
            return await group.next() ?? nil
        }
    }

    /// Tells the acceptor which stream this is, and goes on from where it is there. nil: this carrier will not do.
    private func begin(_ carrier: CarryingStream) async -> Carriage? {
        let opening = stream.leave()
        let answer = await within(.seconds(10)) {
            try await carrier.stream.write(opening.bytes)
            return try ResumptionFrame.Answer(await carrier.stream.read(exactly: ResumptionFrame.Answer.size))
        }
        guard let answer else {
            carrier.stream.reset()
            return nil
        }
        do throws(ResumptionFault) {
            if let refusal = answer.refusal { throw refusal }
            return try stream.resume(over: carrier.stream, remoteReceived: answer.received).0
        } catch {
            carrier.stream.reset()
            // The acceptor has forgotten what it has finished.
            stream.end(error == .unknownStream && stream.isComplete ? nil : .resumption(error))
            return nil
        }
    }

    /// Opens a stream over the best connection, or a new one, again and again until the deadline. nil: the stream is over.
    private func reopen(_ attempts: inout Attempts) async -> CarryingStream? {
        while !stream.isOver, await attempts.next() {
            do throws(NodeError) {
                return try await openCarrier(at: addresses)
            } catch {
                if error.endsResumption { break }
            }
        }
        stream.endTooLate()
        return nil
    }

    private func openCarrier(at addresses: [Multiaddr]) async throws(NodeError) -> CarryingStream {
        try await node.openCarrier(RouteRequest(peer, [protocolID], addresses: addresses, allowsLimited: allowsLimited))
    }

    /// Waits until there is a direct connection, if this one is relayed, and opens a stream over it.
    private func better(than carrier: CarryingStream) async -> CarryingStream? {
        guard carrier.connection.path.isRelayed else {
            await Latch().wait()
            return nil
        }
        // Any event is a reason to look: so it does not matter which ones were lost.
        let changes = node.feeds.events.subscribe(capacity: 1)
        repeat {
            if await node.isDirect(to: peer), let next = try? await openCarrier(at: []) {
                if !next.connection.path.isRelayed { return next }
                next.stream.reset()
            }
        } while await changes.next() != nil
        return nil
    }
}

/// The attempts to open the next carrier: until the deadline, counted from when the last one ended that carried the stream.
private struct Attempts {
    /// The wait before the second attempt, then twice as long each time, at most `lastPause`.
    private static let firstPause = Duration.milliseconds(50)
    private static let lastPause = Duration.seconds(1)

    private let time: Duration
    private var deadline: ContinuousClock.Instant
    private var pause = Duration.zero

    init(for time: Interval) {
        self.time = time.duration
        deadline = .now + self.time
    }

    /// Waits until it is time for the next one. False: the deadline has passed.
    mutating func next() async -> Bool {
        try? await Task.sleep(for: pause)
        pause = pause == .zero ? Self.firstPause : min(pause * 2, Self.lastPause)
        return .now < deadline
    }

    /// A carrier that ended soon does not make the next attempt come sooner: a remote may end each one.
    mutating func wereCarried(since begun: ContinuousClock.Instant) {
        deadline = .now + time
        if .now - begun > Self.lastPause { pause = .zero }
    }
}

extension NodeError {
    /// Whether no later attempt can succeed.
    fileprivate var endsResumption: Bool {
        switch self {
        case .notRunning, .cancelled, .stream(.unsupportedProtocol): true
        default: false
        }
    }
}

extension Node {
    fileprivate func isDirect(to peer: PeerID) async -> Bool {
        await onNode { node, _ in node.bestConnection(to: peer, allowsLimited: true)?.path.isRelayed == false }
    }
}
