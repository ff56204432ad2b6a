import CAres
import CUV

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Looks TXT records up by c-ares, whose sockets the loop watches.
final class TextLookups {
    private final class Query {
        var then: ((Result<[[UInt8]], DNSError>) -> Void)?
        init(_ then: @escaping (Result<[[UInt8]], DNSError>) -> Void) { self.then = then }
    }

    private unowned(unsafe) let loop: EventLoop
    /// `ares_channel`.
    private var channel: OpaquePointer?
    private var polls: [ares_socket_t: SocketPoll] = [:]
    private var timer: LoopTimer?
    private var running = 0

    /// Records of a name beyond these are not looked at.
    private static let maximumRecords = 128
    /// RFC 1035, sections 3.2.4 and 3.3.14.
    private static let internetClass: Int32 = 1
    private static let textType: Int32 = 16

    /// - Parameter servers: `address:port,...`; nil: the system's.
    init(on loop: EventLoop, servers: String?) throws(DNSError) {
        self.loop = loop
        var options = ares_options()
        options.timeout = 2000
        options.tries = 3
        options.sock_state_cb = { me, socket, reads, writes in
            Unmanaged<TextLookups>.fromOpaque(me!).takeUnretainedValue().watch(socket, reads: reads != 0, writes: writes != 0)
        }
        options.sock_state_cb_data = Unmanaged.passUnretained(self).toOpaque()
        let code = ares_init_options(&channel, &options, ARES_OPT_SOCK_STATE_CB | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES)
        guard code == ARES_SUCCESS else { throw DNSError(code: code) }
        if let servers {
            let code = ares_set_servers_ports_csv(channel, servers)
            guard code == ARES_SUCCESS else {
                ares_destroy(channel)
                channel = nil
                throw DNSError(code: code)
            }
        }
        // c-ares has no timers of its own: it looks at the clock when it is called.
        timer = LoopTimer(on: loop) { [unowned self] in
            ares_process_fd(self.channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD)
            self.rearm()
        }
    }

    /// Ends everything: each query still running is answered with `cancelled`.
    func close() {
        guard let channel else { return }
        self.channel = nil
        ares_destroy(channel)
        timer?.close()
        timer = nil
        for poll in polls.values { poll.close() }
        polls = [:]
    }

    /// `then` gets the records' texts, on the loop; perhaps before this returns. The closure that is returned cancels: `then` is not called
    /// any more.
    func look(up name: [UInt8], then: @escaping (Result<[[UInt8]], DNSError>) -> Void) -> () -> Void {
        let query = Query(then)
        running += 1
        let context = Context(query: query, owner: self)
        ares_query(
            channel, String(decoding: name, as: UTF8.self), Self.internetClass, Self.textType,
            { argument, status, _, answer, size in
                let context = Unmanaged<Context>.fromOpaque(argument!).takeRetainedValue()
                context.owner.running -= 1
                context.query.then?(TextLookups.read(status: status, answer: answer, size: size))
                context.query.then = nil
            }, Unmanaged.passRetained(context).toOpaque())
        rearm()
        return { query.then = nil }
    }

    private final class Context {
        let query: Query
        let owner: TextLookups
        init(query: Query, owner: TextLookups) {
            self.query = query
            self.owner = owner
        }
    }

    private func rearm() {
        if running > 0 { timer?.start(afterNanoseconds: 500_000_000) } else { timer?.stop() }
    }

    private static func read(status: Int32, answer: UnsafeMutablePointer<UInt8>?, size: Int32) -> Result<[[UInt8]], DNSError> {
        guard status == ARES_SUCCESS else { return .failure(DNSError(code: status)) }
        var list: UnsafeMutablePointer<ares_txt_ext>?
        let code = ares_parse_txt_reply_ext(answer, size, &list)
        guard code == ARES_SUCCESS else { return .failure(DNSError(code: code)) }
        defer { ares_free_data(list) }
        var records: [[UInt8]] = []
        var entry = list
        // A record longer than 255 bytes comes in several pieces.
        while let current = entry {
            let piece = UnsafeBufferPointer(start: current.pointee.txt, count: current.pointee.length)
            if current.pointee.record_start != 0 || records.isEmpty {
                guard records.count < maximumRecords else { break }
                records.append(Array(piece))
            } else {
                records[records.count - 1].append(contentsOf: piece)
            }
            entry = current.pointee.next
        }
        return records.isEmpty ? .failure(.noData) : .success(records)
    }

    // MARK: Sockets

    private func watch(_ socket: ares_socket_t, reads: Bool, writes: Bool) {
        guard reads || writes else {
            polls.removeValue(forKey: socket)?.close()
            return
        }
        let poll: SocketPoll
        if let known = polls[socket] {
            poll = known
        } else {
            poll = SocketPoll(on: loop, socket: socket) { [unowned self] isReadable, isWritable in
                ares_process_fd(
                    self.channel, isReadable ? socket : ARES_SOCKET_BAD, isWritable ? socket : ARES_SOCKET_BAD)
            }
            polls[socket] = poll
        }
        poll.watch(reads: reads, writes: writes)
    }
}

/// Watches a socket that somebody else owns.
private final class SocketPoll: LoopHandle {
    private var ready: ((Bool, Bool) -> Void)?

    init(on loop: EventLoop, socket: Int32, _ ready: @escaping (Bool, Bool) -> Void) {
        self.ready = ready
        super.init(size: MemoryLayout<uv_poll_t>.size)
        must(uv_poll_init(loop.uv, pointer(uv_poll_t.self), socket))
        opened()
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
