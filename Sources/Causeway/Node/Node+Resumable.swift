import CausewayConnection
import CausewayIdentity
import CausewayRuntime

extension Node {
    /// How many resumable streams of peers the node keeps, for tests.
    package var resumableStreams: Int { resumables.count }

    /// Opens a stream that goes on over another connection when its own ends; an ordinary one if the peer serves no others.
    func openResumable(
        _ protocolID: String, to peer: PeerID, addresses: [Multiaddr], allowsLimited: Bool
    ) async throws(NodeError) -> Stream {
        let name = ResumptionFrame.protocolID(for: protocolID)
        let first = try await openCarrier(
            RouteRequest(peer, [name, protocolID], addresses: addresses, allowsLimited: allowsLimited))
        guard first.stream.protocolID == name else { return first.stream }
        let state = ResumableStream(token: Entropy.bytes(ResumptionFrame.Opening.tokenSize), limits: configuration.resumption)
        let opener = ResumableOpener(
            stream: state, peer: peer, protocolID: name, addresses: addresses, allowsLimited: allowsLimited, node: self)
        Task(executorPreference: first.stream.executor) { await opener.run(over: first) }
        return Stream(state, protocolID: protocolID, over: first.stream, executor: first.stream.executor)
    }

    /// Serves the streams that carry a protocol's resumable ones, while the protocol is served. Those that run then go on.
    func carryStreams(of protocolID: String, to feed: Feed<Stream>, allowsLimited: Bool) {
        let name = ResumptionFrame.protocolID(for: protocolID)
        let carriers = Feed<Stream>(capacity: ServedProtocols.waitingStreams, executor: executor)
        services.add(name, carriers, allowsLimited: allowsLimited)
        Task(executorPreference: executor) { [resumables, shell] in
            while let carrier = await carriers.next() {
                Task(executorPreference: carrier.executor) {
                    await resumables.serve(carrier, on: shell) { stream in
                        feed.yield(Stream(stream, protocolID: protocolID, over: carrier, executor: carrier.executor))
                    }
                }
            }
        }
    }
}
