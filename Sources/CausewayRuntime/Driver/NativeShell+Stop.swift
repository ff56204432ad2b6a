public import CausewayConnection
import CausewayNode
import CausewayWebRTC
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

extension NativeShell {
    /// How long `stop` waits for bytes in flight by default.
    public static let drainTime = Interval.milliseconds(1500)

    /// Stops listening, lets the bytes of finished streams and the go-aways on all connections leave, waits for the remotes to close
    /// theirs and for the gateway to forward no ports any more, for at most `time` in total, and ends the loops. Returns when their threads
    /// and every look-up have ended.
    ///
    /// Call it after `start`, whether that threw or not. All callers wait for the same end.
    public func stop(within time: Interval = drainTime) async {
        await withUnsafeContinuation { continuation in
            let isOver = ending.withLock { ending in
                if ending.running > 0 { ending.waiting.append(continuation) }
                return ending.running == 0
            }
            if isOver { return continuation.resume() }
            first.loop.run { [self] in beginStopping(within: time) }
        }
        for linkLoop in linkLoops { linkLoop.loop.join() }
    }

    private func beginStopping(within time: Interval) {
        guard !isStopping else { return }
        isStopping = true
        for listener in listeners { listener.close() }
        listeners = []
        for port in datagramPorts { port.stopListening() }
        datagramPorts = []
        closeResolver()
        for probe in probes { probe.end() }
        networkWatch?.close { [unowned self] in
            networkWatch = nil
            finishIfNothingIsLeft()
        }
        driver.input { $0.shutdown(now: loop.now) }
        _ = turn()
        stopTimer = LoopTimer(on: loop) { [unowned self] in self.finishStopping() }
        stopTimer?.start(afterNanoseconds: time.nanoseconds)
        for linkLoop in linkLoops { linkLoop.loop.run { linkLoop.shutDown() } }
    }

    /// A loop has no links any more, and gets no new ones.
    func isEmpty(_ linkLoop: LinkLoop) {
        first.loop.post { [self] in
            emptyLinkLoops += 1
            finishIfNothingIsLeft()
        }
    }

    /// Neither links nor ports that the gateway is to close.
    private func finishIfNothingIsLeft() { if emptyLinkLoops == linkLoops.count, networkWatch == nil { finishStopping() } }

    private func finishStopping() {
        guard !isStopped else { return }
        isStopped = true
        stopTimer?.close()
        for linkLoop in linkLoops.dropFirst() { linkLoop.loop.stop() }
        // Events on their way from the other loops come before this.
        _ = turn()
        first.loop.stop()
    }

    /// The tasks that wait for the loops' end, and the number of loops still running.
    struct Ending {
        var running: Int
        var waiting: [UnsafeContinuation<Void, Never>] = []
    }

    /// Called by each loop on its thread, as the last thing it does.
    func loopEnded() {
        let waiting = ending.withLock { ending in
            ending.running -= 1
            return ending.running == 0 ? ending.waiting : []
        }
        for continuation in waiting { continuation.resume() }
    }

    /// How a test ends a connection.
    package enum Kill: Sendable {
        /// An orderly end of the socket, without libp2p's go-away.
        case close
        /// TCP's reset. By WebRTC the same as `close`: SCTP's abort.
        case reset
        /// As if the cable were cut: nothing is read or written any more, and nobody is notified.
        case silence
    }

    /// For tests: ends what carries a link abruptly.
    package func kill(_ link: UInt32, _ how: Kill) {
        let linkLoop = linkLoop(of: link)
        linkLoop.loop.run {
            let carrier = linkLoop.links.carrier(of: link)
            if let carrier = carrier as? AssociationCarrier { return how == .silence ? carrier.mute() : carrier.abort() }
            guard let carrier = carrier as? SocketCarrier else { return }
            switch how {
            case .silence: carrier.mute()
            case .close, .reset:
                carrier.closeSocket(byReset: how == .reset)
                linkLoop.links.fail(link, .link(errno: how == .reset ? ECONNRESET : 0))
            }
        }
    }
}
