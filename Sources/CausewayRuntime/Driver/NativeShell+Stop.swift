public import CausewayConnection
import CausewayNode
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

extension NativeShell {
    /// How long `stop` waits for what is on its way, if nobody says otherwise.
    public static let drainTime = Interval.milliseconds(1500)

    /// Stops listening, lets what was written to finished streams and the goodbyes on all connections leave, waits for the remotes to close
    /// theirs, for all of this `time` at most, and ends the loops. Returns when their threads have ended, and every look-up with them.
    ///
    /// To be called after `start`, whether that threw or not. Everybody who calls it waits for the same end.
    public func stop(within time: Interval = drainTime) async {
        await withUnsafeContinuation { continuation in
            let isOver = ending.withLock { ending in
                if ending.running > 0 { ending.waiting.append(continuation) }
                return ending.running == 0
            }
            if isOver { return continuation.resume() }
            first.loop.run { [self] in beginStopping(within: time) }
        }
        for home in homes { home.loop.join() }
    }

    private func beginStopping(within time: Interval) {
        guard !isStopping else { return }
        isStopping = true
        for listener in listeners { listener.close() }
        listeners = []
        closeResolver()
        driver.input { $0.shutdown(now: loop.now) }
        _ = turn()
        stopTimer = LoopTimer(on: loop) { [unowned self] in self.finishStopping() }
        stopTimer?.start(afterNanoseconds: time.nanoseconds)
        for home in homes { home.loop.run { home.shutDown() } }
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
        _ = turn()
        first.loop.stop()
    }

    /// Who waits for the loops' end, and for how many of them.
    struct Ending {
        var running: Int
        var waiting: [UnsafeContinuation<Void, Never>] = []
    }

    /// The last thing that a loop does on its thread.
    func loopEnded() {
        let waiting = ending.withLock { ending in
            ending.running -= 1
            return ending.running == 0 ? ending.waiting : []
        }
        for continuation in waiting { continuation.resume() }
    }

    /// How a test ends a connection.
    package enum Kill: Sendable {
        /// The orderly end of the socket, without a word of libp2p's.
        case close
        /// TCP's reset.
        case reset
        /// As if the cable were cut: nothing is read or written any more, and nobody is told.
        case silence
    }

    /// For tests: ends a link's socket the hard way.
    package func kill(_ link: UInt32, _ how: Kill) {
        let home = home(of: link)
        home.loop.run {
            guard let carrier = home[link] else { return }
            switch how {
            case .silence: carrier.mute()
            case .close, .reset:
                carrier.closeSocket(byReset: how == .reset)
                home.links.fail(link, .link(errno: how == .reset ? ECONNRESET : 0))
            }
        }
    }
}
