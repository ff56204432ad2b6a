import CAres
import CUV
import CausewayConnection
import CausewayIdentity

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// One question about a name to c-ares. The loop watches its sockets and its clock, so no thread waits, and cancelling means closing.
///
/// Each look-up has a channel of its own, so it reads the system's files (`resolv.conf`, `nsswitch.conf`, `hosts`) as they are now.
final class Lookup {
    enum Question { case ipv4, ipv6, texts }
    /// Addresses of 4 or 16 bytes, or texts.
    typealias Answer = Result<[[UInt8]], DNSError>

    private unowned(unsafe) let loop: EventLoop
    /// `ares_channel`. nil: the look-up is over.
    private var channel: OpaquePointer?
    private var polls: [ares_socket_t: SocketPoll] = [:]
    private var timer: LoopTimer?
    private let deadline: Instant
    private var answer: Answer?
    private var then: ((Answer) -> Void)?

    /// With the tries below, a slow server's answer still counts, and the dial that waits for it has not given up.
    private static let longest = Interval.seconds(8)
    /// Milliseconds for the first of three tries. Each further one gets twice as long.
    private static let firstTry: Int32 = 1_000
    private static let tries: Int32 = 3

    /// - Parameters:
    ///   - servers: `address:port,...`; nil: the system's.
    ///   - then: gets the answer, once, on the loop; perhaps within `ask`. Never after `close`.
    init(on loop: EventLoop, servers: String?, then: @escaping (Answer) -> Void) throws(DNSError) {
        self.loop = loop
        self.then = then
        deadline = loop.now + Self.longest
        var options = ares_options()
        options.timeout = Self.firstTry
        options.tries = Self.tries
        options.sock_state_cb = { me, socket, reads, writes in
            Unmanaged<Lookup>.fromOpaque(me!).takeUnretainedValue().watch(socket, reads: reads != 0, writes: writes != 0)
        }
        options.sock_state_cb_data = Unmanaged.passUnretained(self).toOpaque()
        let code = ares_init_options(&channel, &options, ARES_OPT_SOCK_STATE_CB | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES)
        guard code == ARES_SUCCESS else { throw DNSError(code: code) }
        if let servers {
            let code = ares_set_servers_ports_csv(channel, servers)
            guard code == ARES_SUCCESS else {
                close()
                throw DNSError(code: code)
            }
        }
        timer = LoopTimer(on: loop) { [unowned self] in self.timePassed() }
    }

    deinit { precondition(channel == nil, "a look-up was released before it was closed") }

    func ask(_ question: Question, about name: [UInt8]) {
        let me = Unmanaged.passUnretained(self).toOpaque()
        let name = String(decoding: name, as: UTF8.self)
        step {
            switch question {
            case .ipv4: askHost(name, AF_INET, me)
            case .ipv6: askHost(name, AF_INET6, me)
            case .texts:
                // RFC 1035, sections 3.2.4 and 3.3.14: class IN, type TXT.
                ares_query(
                    channel, name, 1, 16,
                    { me, status, _, answer, size in
                        Unmanaged<Lookup>.fromOpaque(me!).takeUnretainedValue().answer = Records.texts(status, answer, size)
                    }, me)
            }
        }
    }

    private func askHost(_ name: String, _ family: Int32, _ me: UnsafeMutableRawPointer) {
        var hints = ares_addrinfo_hints()
        hints.ai_family = family
        #if canImport(Glibc)
            hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        #else
            hints.ai_socktype = SOCK_STREAM
        #endif
        // The dialler has an order of its own.
        hints.ai_flags = ARES_AI_NOSORT
        ares_getaddrinfo(
            channel, name, nil, &hints,
            { me, status, _, found in
                Unmanaged<Lookup>.fromOpaque(me!).takeUnretainedValue().answer = Records.addresses(status, found)
                if let found { ares_freeaddrinfo(found) }
            }, me)
    }

    /// Ends the look-up. Nothing is reported any more.
    func close() {
        then = nil
        guard let channel else { return }
        self.channel = nil
        // This answers whatever still waits.
        ares_destroy(channel)
        timer?.close()
        timer = nil
        for poll in polls.values { poll.close() }
        polls = [:]
    }

    // MARK: c-ares' sockets and clock

    /// Lets c-ares work. A channel cannot be destroyed within its own callbacks, so their results are reported afterwards.
    private func step(_ work: () -> Void) {
        guard channel != nil else { return }
        work()
        guard let answer else { return wait() }
        let then = then
        close()
        then?(answer)
    }

    private func timePassed() {
        if loop.now >= deadline { answer = .failure(.timedOut) }
        step { if answer == nil { ares_process_fd(channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD) } }
    }

    private func wait() {
        let now = loop.now
        var nanoseconds = now < deadline ? (deadline - now).nanoseconds : 0
        var time = timeval()
        if ares_timeout(channel, nil, &time) != nil {
            nanoseconds = min(nanoseconds, UInt64(max(0, time.tv_sec)) * 1_000_000_000 + UInt64(max(0, time.tv_usec)) * 1000)
        }
        timer?.start(afterNanoseconds: nanoseconds)
    }

    private func watch(_ socket: ares_socket_t, reads: Bool, writes: Bool) {
        guard reads || writes else {
            polls.removeValue(forKey: socket)?.close()
            return
        }
        let poll =
            polls[socket]
            ?? (try? SocketPoll(on: loop, socket: socket) { [unowned self] isReadable, isWritable in
                self.step {
                    ares_process_fd(self.channel, isReadable ? socket : ARES_SOCKET_BAD, isWritable ? socket : ARES_SOCKET_BAD)
                }
            })
        // A socket that cannot be watched brings no answer: c-ares' clock moves on to the next try.
        polls[socket] = poll
        poll?.watch(reads: reads, writes: writes)
    }
}

/// Watches a socket that somebody else owns.
private final class SocketPoll: LoopHandle {
    private var ready: ((Bool, Bool) -> Void)?

    init(on loop: EventLoop, socket: Int32, _ ready: @escaping (Bool, Bool) -> Void) throws(UVError) {
        self.ready = ready
        super.init(size: MemoryLayout<uv_poll_t>.size)
        try opened(uv_poll_init(loop.uv, pointer(uv_poll_t.self), socket))
    }

    func watch(reads: Bool, writes: Bool) {
        let events = (reads ? Int32(UV_READABLE.rawValue) : 0) | (writes ? Int32(UV_WRITABLE.rawValue) : 0)
        uv_poll_start(pointer(uv_poll_t.self), events) { handle, status, events in
            let poll = unsafeDowncast(LoopHandle.of(handle!.pointee.data), to: SocketPoll.self)
            poll.ready?(
                status < 0 || events & Int32(UV_READABLE.rawValue) != 0, status < 0 || events & Int32(UV_WRITABLE.rawValue) != 0)
        }
    }

    override func closed() { ready = nil }
}
