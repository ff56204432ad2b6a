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
        shell.nodeEvents = { [requests, feeds, log] events in
            for event in events {
                log?.note(event)
                Node.hand(event, requests, feeds)
            }
        }
        shell.inboundStream = { [services] link, id, entry, loop in
            let name = String(decoding: entry.name, as: UTF8.self)
            guard let feed = services.feed(of: name), let peer = link.multiplexer.remotePeer else { return }
            let state = ApplicationStream(loop: loop)
            state.attach(to: link, as: id)
            link.setOwner(state, of: id)
            let limit = link.carrier?.toldLimit
            // Posted, so that it runs after what arrived together with the opening: a stream that was reset at once gets no handler.
            loop.post { if !state.isOver { feed.yield(Stream(state, peer: peer, protocolID: name, limit: limit)) } }
        }
    }

    private static func hand(_ event: NodeEvent, _ requests: Requests, _ feeds: Feeds) {
        switch event {
        case .answered(let request, let answer): requests.answer(request, answer)
        case .message(let message): feeds.yield(message)
        case .subscriptionChanged(let peer, let topic, let isSubscribed):
            feeds.events.yield(.subscriptionChanged(peer, topic: String(decoding: topic, as: UTF8.self), isSubscribed: isSubscribed))
        case .connectionOpened(let description): feeds.events.yield(.connected(Connection(description)))
        case .connectionClosed(let description, let error): feeds.events.yield(.disconnected(Connection(description), reason: error))
        case .connectionRefused(let remote, let limit, let value): feeds.events.yield(.refused(remote, limit, value: value))
        case .peerConnected(let peer): feeds.events.yield(.peerConnected(peer))
        case .peerDisconnected(let peer): feeds.events.yield(.peerDisconnected(peer))
        case .pathChanged(let peer, let description): feeds.events.yield(.pathChanged(peer, Connection(description)))
        case .identified(let description): feeds.events.yield(.identified(PeerInfo(description)))
        case .notIdentified(let peer, let error): feeds.events.yield(.notIdentified(peer, error))
        case .discovered(let peer, let addresses, let source):
            feeds.events.yield(.discovered(peer, addresses: addresses, source: source))
        case .reservation(let change): feeds.events.yield(.reservation(change))
        case .dialAttempt(let outcome): feeds.events.yield(.dialAttempt(outcome))
        case .addressesChanged(let addresses): feeds.events.yield(.addressesChanged(addresses))
        case .relay(let event): feeds.events.yield(.relay(event))
        }
    }
}
