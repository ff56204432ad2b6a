import CausewayConnection
import CausewayIdentity
import CausewayNode

/// Keeps a resumable stream that was opened here on a connection: opens the next stream for it when the one that carries it has ended, or
/// when a direct connection stands beside the relayed one.
struct ResumableOpener: Sendable {
    /// The wait between two attempts: this, then twice as long each time, at most `lastPause`.
    private static let firstPause = Interval.milliseconds(50)
    private static let lastPause = Interval.seconds(1)

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
        var isNew = true
        while !stream.isOver {
            guard let carrier = next else {
                next = await reopen()
                continue
            }
            next = await run(carrier, isNew)
            isNew = stream.resumed == 0
        }
    }

    /// Carries the stream until this carrier ends. Returns a better one if it stands.
    private func run(_ carrier: CarryingStream, _ isNew: Bool) async -> CarryingStream? {
        guard let carriage = await begin(carrier, isNew) else { return nil }
        return await withTaskGroup(of: CarryingStream?.self) { group in
            group.addTask {
                await stream.carry(by: carriage)
                return nil
            }
            group.addTask { await StallWatch(stream, with: peer, at: node).watch() }
            group.addTask { await better(than: carrier) }
            defer { group.cancelAll() }
            return await group.next() ?? nil
        }
    }

    /// Tells the acceptor which stream this is, and goes on from where it is there. nil: this carrier will not do.
    private func begin(_ carrier: CarryingStream, _ isNew: Bool) async -> Carriage? {
        let opening = stream.leave(isNew: isNew)
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
    private func reopen() async -> CarryingStream? {
        let deadline = ContinuousClock.now + stream.limits.deadline.duration
        var pause = Self.firstPause
        while !stream.isOver, ContinuousClock.now < deadline, !Task.isCancelled {
            do throws(NodeError) {
                return try await openCarrier(at: addresses)
            } catch {
                if error.endsResumption { break }
            }
            try? await Task.sleep(for: pause.duration)
            pause = min(Interval(nanoseconds: pause.nanoseconds * 2), Self.lastPause)
        }
        stream.end(.resumption(.tooLate(undelivered: UInt64(stream.unconfirmed))))
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
        let changes = node.feeds.events.subscribe(capacity: 256)
        var isDirect = await node.isDirect(to: peer)
        while !Task.isCancelled {
            if isDirect, let next = try? await openCarrier(at: []) {
                if !next.connection.path.isRelayed { return next }
                next.stream.reset()
            }
            guard let event = await changes.next() else { return nil }
            if case .pathChanged(peer, let connection) = event { isDirect = !connection.path.isRelayed }
        }
        return nil
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
