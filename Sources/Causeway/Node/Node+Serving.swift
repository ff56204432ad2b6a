import CausewayConnection
import CausewayNode

extension Node {
    /// Serves a protocol until the task is cancelled or the node stops, as `Feed.serve` does. To serve before the node is reachable, call
    /// `streams(for:)` before `run()`. `allowsLimited`: also serve relayed connections with a limit. `resumable`: also serve streams that
    /// move from one connection to another.
    public func serve(
        _ protocolID: String, allowsLimited: Bool = false, resumable: Bool = false,
        handler: @escaping @Sendable (Stream) async throws -> Void
    ) async throws(NodeError) {
        try await streams(for: protocolID, allowsLimited: allowsLimited, resumable: resumable).serve(handler: handler)
    }

    /// The inbound streams of a protocol. The node serves the protocol from this call until the sequence is cancelled or released. Up to
    /// 256 streams wait to be read; beyond that, the oldest is reset. A later call for the same protocol ends the sequence.
    public func streams(
        for protocolID: String, allowsLimited: Bool = false, resumable: Bool = false
    ) async throws(NodeError) -> Feed<Stream> {
        let feed = Feed<Stream>(capacity: ServedProtocols.waitingStreams, executor: executor) { [weak self] feed in
            self?.stopServing(protocolID, feed)
        }
        services.add(protocolID, feed, allowsLimited: allowsLimited)
        if resumable {
            carryStreams(of: protocolID, to: feed, allowsLimited: allowsLimited)
        } else {
            services.remove(ResumptionFrame.protocolID(for: protocolID))
        }
        announceServices()
        // Waits until the node has the change: a peer that learns of the protocol after this returns is not refused.
        if isRunning { await onNode { _, _ in } }
        return feed
    }

    private func stopServing(_ protocolID: String, _ feed: ObjectIdentifier) {
        // Another one may serve it by now.
        guard services.remove(protocolID, where: { ObjectIdentifier($0) == feed }) else { return }
        services.remove(ResumptionFrame.protocolID(for: protocolID))
        announceServices()
    }

    private func announceServices() {
        tell { [services] node, now in node.setApplicationProtocols(services.entries, now: now) }
    }
}

extension Feed where Element == Stream {
    /// Runs the handler for each stream in its own task, on the loop of the stream's connection, until the task is cancelled or the node
    /// stops. After that, the node no longer serves the protocol.
    ///
    /// When the handler returns, the stream is closed. When it throws, the stream is reset.
    public func serve(handler: @escaping @Sendable (Stream) async throws -> Void) async {
        // On the node's loop, too, where streams come from: a handler begins without a switch of threads.
        await withTaskExecutorPreference(executor) {
            await withDiscardingTaskGroup { group in
                while let stream = await next() {
                    group.addTask(executorPreference: stream.executor) {
                        do { try await handler(stream) } catch { return stream.reset() }
                        // Nobody here can be told how the stream ended, so nobody waits for it.
                        stream.beginClosing()
                    }
                }
                group.cancelAll()
            }
        }
        cancel()
    }
}
