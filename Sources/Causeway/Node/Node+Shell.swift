import CausewayConnection
import CausewayNode
import CausewayRuntime

// The boundary to the shell: numbered requests go down, events come up in batches.
extension Node {
    /// Runs `body` with the core on the first loop, and returns its result.
    func onNode<R: Sendable>(_ body: @escaping @Sendable (CausewayNode.Node, Instant) -> R) async -> R {
        await withUnsafeContinuation { continuation in
            tell { node, now in continuation.resume(returning: body(node, now)) }
        }
    }

    /// Runs `body` with the core on the first loop, without waiting.
    func tell(_ body: @escaping @Sendable (CausewayNode.Node, Instant) -> Void) {
        let loop = shell.loop
        shell.onNode { node in body(node, loop.now) }
    }

    /// Makes a request and waits for its one answer. Cancelling the task cancels the request.
    func request(_ body: @escaping @Sendable (CausewayNode.Node, UInt32, Instant) -> Void) async throws(NodeError) -> Answer {
        try await ready()
        let number = requests.next()
        let cancel: @Sendable () -> Void = { [requests] in
            self.tell { node, now in
                node.cancel(request: number, now: now)
                requests.answer(number, .cancelled)
            }
        }
        let answer = await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                guard requests.wait(number, continuation) else { return }
                tell { node, now in body(node, number, now) }
                // The task may have been cancelled before there was a request to cancel.
                if Task.isCancelled { cancel() }
            }
        } onCancel: {
            cancel()
        }
        if answer == .cancelled { throw Task.isCancelled ? .cancelled : .notRunning }
        return answer
    }

    /// Installs the shell's callbacks. Called before the shell starts.
    func hear(_ shell: NativeShell) {
        shell.nodeEvents = { [requests, feeds, validators, log, weak self] events in
            for event in events {
                switch event {
                case .answered(let request, let answer): requests.answer(request, answer)
                case .message(let message): feeds.yield(message)
                case .unjudged(let number, let message): self?.judge(message, number)
                case .overdue(let number): validators.cancel(number)
                case .happened(let event):
                    log?.note(event)
                    feeds.events.yield(event)
                }
            }
        }
        shell.inboundStream = { [services] link, id, entry, loop in
            let name = String(decoding: entry.name, as: UTF8.self)
            guard let feed = services.feed(of: name), let peer = link.multiplexer.remotePeer else { return }
            let state = ApplicationStream(id, of: link, on: loop)
            link.setOwner(state, of: id)
            let limit = link.carrier?.advertisedLimit
            // Posted, so that it runs after what arrived together with the opening: a stream that was reset at once gets no handler.
            loop.post {
                guard !state.isOver else { return }
                feed.yield(Stream(state, peer: peer, protocolID: name, limit: limit))
            }
        }
    }
}
