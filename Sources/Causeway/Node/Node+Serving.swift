import CausewayConnection
import CausewayNode

extension Node {
    /// Serves a protocol until the task is cancelled or the node is over, as `Feed.serve` says. Who must serve before the node can be
    /// reached takes the feed of `streams(for:)` first. `allowLimited`: also over relayed connections with a limit.
    public func serve(
        _ protocolID: String, allowLimited: Bool = false, handler: @escaping @Sendable (Stream) async throws -> Void
    ) async throws(NodeError) {
        try await streams(for: protocolID, allowLimited: allowLimited).serve(handler: handler)
    }

    /// The inbound streams of a protocol, from the call until the sequence is let go; then the protocol is no longer served.
    /// Up to 256 streams wait to be taken; the oldest is reset beyond that.
    public func streams(for protocolID: String, allowLimited: Bool = false) async throws(NodeError) -> Feed<Stream> {
        let feed = Feed<Stream>(capacity: Services.waitingStreams) { [weak self] in self?.stopServing(protocolID) }
        services.add(protocolID, feed, allowsLimited: allowLimited)
        announceServices()
        // In order behind it: a peer that is told of the protocol when this returns is not refused.
        if isRunning { await onNode { _, _ in } }
        return feed
    }

    private func stopServing(_ protocolID: String) {
        services.remove(protocolID)
        announceServices()
    }

    private func announceServices() {
        tell { [services] node, now in node.setApplicationProtocols(services.entries, now: now) }
    }
}

extension Feed where Element == Stream {
    /// Gives each stream a task of its own, on its connection's loop, until the task is cancelled or the node is over; then the protocol is
    /// no longer served.
    ///
    /// The stream is closed when the handler returns, and reset when it throws.
    public func serve(handler: @escaping @Sendable (Stream) async throws -> Void) async {
        await withDiscardingTaskGroup { group in
            while let stream = await next() {
                group.addTask(executorPreference: stream.executor) {
                    do { try await handler(stream) } catch { return stream.reset() }
                    // How it ended is told to nobody here.
                    try? await stream.close()
                }
            }
            group.cancelAll()
        }
        cancel()
    }
}
