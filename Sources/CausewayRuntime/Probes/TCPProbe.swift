package import CausewayIdentity

/// Finds out whether a TCP connection to an address comes about, and closes it. All of it is called on the loop.
package final class TCPProbe {
    private let loop: EventLoop
    private let begun: Instant
    private var then: ((Interval?) -> Void)?
    private var socket: TCPSocket?
    private var timer: LoopTimer?

    private init(on loop: EventLoop, then: @escaping (Interval?) -> Void) {
        self.loop = loop
        self.then = then
        begun = loop.now
    }

    /// The loop may end before anything came of it.
    deinit { then?(nil) }

    /// `then` gets the time that it took, or nil: nobody accepted it within `time`. Once, on the loop.
    package static func connect(to remote: Endpoint, on loop: EventLoop, within time: Interval, then: @escaping (Interval?) -> Void) {
        guard let target = SocketAddress(ip: remote.ip, port: remote.port) else { return then(nil) }
        let probe = TCPProbe(on: loop, then: then)
        let socket = TCPSocket(on: loop)
        probe.socket = socket
        let timer = LoopTimer(on: loop) { probe.end(nil) }
        timer.start(afterNanoseconds: time.nanoseconds)
        probe.timer = timer
        do throws(UVError) {
            try socket.connect(to: target) { errno in probe.end(errno == 0 ? loop.now - probe.begun : nil) }
        } catch {
            probe.end(nil)
        }
    }

    private func end(_ took: Interval?) {
        timer?.close()
        timer = nil
        socket?.close()
        socket = nil
        let then = then
        self.then = nil
        then?(took)
    }
}
