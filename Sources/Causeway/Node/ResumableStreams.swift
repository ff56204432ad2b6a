import CausewayConnection
import CausewayIdentity
import Synchronization

/// The resumable streams that peers have opened here, by peer and token, and what carries them again.
final class ResumableStreams: Sendable {
    private struct Key: Hashable {
        let peer: PeerID
        let token: [UInt8]
    }
    private let limits: ResumptionLimits
    private let streams = Mutex<[Key: ResumableStream]>([:])

    init(_ limits: ResumptionLimits) { self.limits = limits }

    var count: Int { streams.withLock { $0.count } }

    /// Serves one stream that carries a resumable one, until it ends.
    /// - Parameter opened: called with a stream that is new.
    func serve(_ carrier: Stream, of node: Node, opened: @Sendable (ResumableStream) -> Void) async throws {
        let opening = await within(.seconds(10)) {
            try ResumptionFrame.Opening(await carrier.read(exactly: ResumptionFrame.Opening.size))
        }
        guard let opening else { return carrier.reset() }
        let key = Key(peer: carrier.peer, token: opening.token)
        let stream: ResumableStream
        let isNew: Bool
        let carriage: Carriage
        do throws(ResumptionFault) {
            (stream, isNew) = try find(key, opening)
            let received: UInt64
            (carriage, received) = try stream.resume(over: carrier, remoteReceived: opening.received)
            try? await carrier.write(ResumptionFrame.Answer(received: received).bytes)
        } catch {
            try await carrier.write(ResumptionFrame.Answer(refusal: error).bytes)
            return
        }
        if isNew { opened(stream) }
        await carry(stream, by: carriage, of: node)
        await endUnlessCarried(stream, key, after: carriage)
    }

    private func find(_ key: Key, _ opening: ResumptionFrame.Opening) throws(ResumptionFault) -> (ResumableStream, isNew: Bool) {
        let result = streams.withLock { streams -> Result<(ResumableStream, isNew: Bool), ResumptionFault> in
            if let stream = streams[key] { return .success((stream, false)) }
            guard opening.isNew else { return .failure(.unknownStream) }
            guard opening.received == 0 else { return .failure(.impossiblePosition) }
            let ofPeer = streams.keys.count { $0.peer == key.peer }
            guard ofPeer < limits.streamsPerPeer, streams.count < limits.streams else { return .failure(.tooManyStreams) }
            let stream = ResumableStream(token: key.token, limits: limits)
            streams[key] = stream
            return .success((stream, true))
        }
        return try result.get()
    }

    private func carry(_ stream: ResumableStream, by carriage: Carriage, of node: Node) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await stream.carry(by: carriage) }
            group.addTask { _ = await StallWatch(stream, node.shell).watch(carriage.stream.connection) }
            await group.next()
            group.cancelAll()
        }
    }

    /// The opener has until the deadline to come back.
    private func endUnlessCarried(_ stream: ResumableStream, _ key: Key, after carriage: Carriage) async {
        if !stream.isOver {
            guard stream.isCarried(by: carriage) else { return }
            try? await Task.sleep(for: limits.deadline.duration)
            guard stream.isCarried(by: carriage) else { return }
            stream.end(stream.isComplete ? nil : .resumption(.tooLate(undelivered: UInt64(stream.unconfirmed))))
        }
        _ = streams.withLock { $0.removeValue(forKey: key) }
    }
}
