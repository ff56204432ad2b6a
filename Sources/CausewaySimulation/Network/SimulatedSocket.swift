/// Who uses a socket. All calls come from the simulation's loop, none from within a call of the socket's own methods.
public protocol SimulatedSocketOwner: AnyObject {
    /// The next bytes. They are valid during the call, and the owner may change them.
    func received(_ bytes: UnsafeMutableRawBufferPointer, on socket: SimulatedSocket)
    /// A `write` that took less than it was given may continue.
    func writable(_ socket: SimulatedSocket)
    /// The far end closed (0), or the connection failed (`SimulatedErrno`). This is the last call.
    func closed(_ socket: SimulatedSocket, errno: Int32)
}

/// One end of a connection between two hosts: what a TCP socket is to a program.
public final class SimulatedSocket {
    /// The connection to which this end belongs, for its faults.
    public unowned let link: SimulatedLink
    /// This end's address.
    public let local: SimulatedAddress
    /// The far end's address.
    public let remote: SimulatedAddress
    /// The owner that is notified. nil after `close` or `closed`.
    public weak var owner: (any SimulatedSocketOwner)?
    /// Whether either side has closed it.
    public private(set) var isClosed = false
    var outgoing: SimulatedPipe?
    /// Who waits for the far end's first answer.
    var attempt: SimulatedConnectAttempt?

    init(link: SimulatedLink, _ endpoints: SocketEndpoints) {
        self.link = link
        local = endpoints.local
        remote = endpoints.remote
    }

    /// Takes as many bytes as the buffer has room for, and returns how many. If that is not all, the owner gets `writable`.
    public func write(_ bytes: UnsafeRawBufferPointer) -> Int {
        guard !isClosed, let outgoing else { return 0 }
        link.wrote(self)
        return outgoing.write(bytes)
    }

    /// Closes after everything that was written has gone out. The owner is not notified any more.
    public func close() {
        guard !isClosed else { return }
        stop { $0.finish() }
    }

    /// Resets the connection at once: the far end is notified, the owner is not.
    public func reset() {
        guard !isClosed else { return }
        stop { $0.reset(SimulatedErrno.reset) }
    }

    private func stop(_ tell: (SimulatedPipe) -> Void) {
        isClosed = true
        owner = nil
        if let outgoing { tell(outgoing) }
        link.socketClosed(self)
    }

    // MARK: From the far end

    /// The far end has answered: whoever dialled gets this socket.
    func establish() {
        guard !isClosed, let attempt else { return }
        self.attempt = nil
        if attempt.isCancelled { reset() } else { attempt.succeed(self) }
    }

    func arrived(_ bytes: UnsafeMutableRawBufferPointer) {
        // Bytes say as much as the packet that was to come before them.
        establish()
        // As a kernel answers packets for a socket that is gone.
        guard !isClosed else {
            outgoing?.reset(SimulatedErrno.reset)
            return
        }
        owner?.received(bytes, on: self)
    }

    func canWrite() {
        if !isClosed { owner?.writable(self) }
    }

    func ended(errno: Int32) {
        guard !isClosed else { return }
        isClosed = true
        let owner = owner
        self.owner = nil
        // A program that reads the end closes its own side.
        if errno == 0 { outgoing?.finish() }
        link.socketClosed(self)
        attempt?.fail(errno == 0 ? SimulatedErrno.reset : errno)
        attempt = nil
        owner?.closed(self, errno: errno)
    }

    /// The host has gone down without notifying anybody.
    func abandon() {
        isClosed = true
        owner = nil
        link.socketClosed(self)
    }
}
