public import CausewayConnection
import CausewayNode

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

extension NativeShell {
    /// Stops listening, says goodbye on every connection, waits at most `time` for what is still on the way, and ends the loops.
    public func stop(within time: Interval = .seconds(2)) async {
        await withCheckedContinuation { continuation in
            stop(within: time) { continuation.resume() }
        }
    }

    /// The same. `then` is called on the first loop, when all links are closed and the node has said what it had to say.
    public func stop(within time: Interval = .seconds(2), then: @escaping @Sendable () -> Void) {
        first.loop.run { [self] in
            if isStopped { return then() }
            stopped.append(then)
            guard !isStopping else { return }
            isStopping = true
            for listener in listeners { listener.close() }
            listeners = []
            closeResolver()
            node.shutdown(now: loop.now)
            drainNode(now: loop.now)
            stopTimer = LoopTimer(on: loop) { [unowned self] in self.finishStopping() }
            stopTimer?.start(afterNanoseconds: time.nanoseconds)
            for home in homes { home.loop.run { home.shutDown() } }
        }
    }

    /// A loop has no links any more, and gets none.
    func isEmpty(_ home: LinkLoop) {
        first.loop.post { [self] in
            emptyHomes += 1
            if emptyHomes == homes.count { finishStopping() }
        }
    }

    private func finishStopping() {
        guard !isStopped else { return }
        isStopped = true
        stopTimer?.close()
        for home in homes.dropFirst() { home.loop.stop() }
        // Events that are on their way from the other loops come before this.
        drainNode(now: loop.now)
        let waiting = stopped
        stopped = []
        for then in waiting { then() }
        first.loop.stop()
    }

    /// How a test ends a connection.
    public enum Kill: Sendable {
        /// The orderly end of the socket, without a word of libp2p's.
        case close
        /// TCP's reset.
        case reset
        /// As if the cable were cut: nothing is read or written any more, and nobody is told.
        case silence
    }

    /// For tests: ends a link's socket the hard way.
    public func kill(_ link: UInt32, _ how: Kill) {
        let home = home(of: link)
        home.loop.run {
            guard let seat = home[link] else { return }
            switch how {
            case .silence: seat.mute()
            case .close, .reset:
                seat.closeSocket(byReset: how == .reset)
                seat.link?.linkClosed(errno: how == .reset ? ECONNRESET : 0)
            }
        }
    }
}
