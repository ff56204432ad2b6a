import CausewayConnection
import CausewayIdentity
import CausewayTLS

/// A socket under a link, with TLS or without, from its first moment to its end.
///
/// An idle link is only this object and its socket's handle: it has no buffer, timer or task.
final class SocketCarrier: Carrier, SocketOwner {
    let id: UInt32
    unowned(unsafe) let linkLoop: LinkLoop
    /// nil while the socket connects, or while an accepted one is silent.
    private(set) var link: Link?
    /// The link's, at the same time.
    private(set) var connection: Connection?
    /// nil after the socket's end.
    private(set) var socket: TCPSocket?
    var tls: TLSEngine?
    /// For an accepted socket: the protocols that it may turn out to speak.
    var transports: ListenerTransports?
    /// For an accepted socket on a port with pages: its request, unless it asks for a WebSocket.
    var page: PageExchange?
    /// For tests: neither reads nor writes any more, as if its cable were cut.
    private(set) var isMute = false
    private var isPaused = false
    /// The socket is half closed: nothing is sent any more, and what arrives is discarded.
    private var hasFinishedSending = false

    /// How many control frames a remote may make us queue beyond the wire's high-water mark before we stop reading from it.
    private static let pauseMargin = 128 << 10

    init(id: UInt32, _ socket: TCPSocket, linkLoop: LinkLoop) {
        self.id = id
        self.linkLoop = linkLoop
        self.socket = socket
        socket.owner = self
    }

    func carry(_ link: Link, _ connection: Connection) {
        self.link = link
        self.connection = connection
    }

    // MARK: From the socket

    func socketBuffer() -> UnsafeMutableRawBufferPointer {
        linkLoop.prepared = 0
        let buffer = linkLoop.loop.readBuffer
        if tls == nil, let connection { linkLoop.prepared = connection.prepare(buffer) }
        return UnsafeMutableRawBufferPointer(rebasing: buffer[linkLoop.prepared...])
    }

    func socketReceived(_ count: Int) {
        let start = linkLoop.prepared
        linkLoop.prepared = 0
        guard start + count > 0, !hasFinishedSending else { return }
        let bytes = UnsafeMutableRawBufferPointer(rebasing: linkLoop.loop.readBuffer[..<(start + count)])
        let now = linkLoop.loop.now
        if link == nil, page == nil, !linkLoop.sniff(self, UnsafeRawBufferPointer(bytes)) { return linkLoop.links.remove(id) }
        if let page { return read(UnsafeRawBufferPointer(bytes), page) }
        guard let link, let connection else { return }
        if tls == nil {
            link.receive(bytes, over: connection, now: now)
        } else {
            open(UnsafeRawBufferPointer(bytes), link, connection, now: now)
        }
        link.markDirty()
        // Small packets of many sockets are answered together at the end of the turn. From 32 KiB on, half a frame's buffer, the data is
        // processed at once, while it is in the cache.
        if count >= 32 << 10 { _ = linkLoop.settle() }
    }

    func socketWritable() {
        if let page { flush(page) } else { link?.markDirty() }
    }

    func socketEnded(errno: Int32) {
        closeSocket()
        // Of an accepted socket that is no link the node has not heard.
        if transports == nil { linkLoop.links.fail(id, .link(errno: errno)) } else { linkLoop.links.remove(id) }
    }

    // MARK: TLS

    private func open(_ ciphertext: UnsafeRawBufferPointer, _ link: Link, _ connection: Connection, now: Instant) {
        guard let tls else { return }
        tls.receive(ciphertext)
        let buffer = linkLoop.plainBuffer
        do throws(TLSError) {
            while true {
                let start = connection.prepare(buffer)
                let count: Int
                do throws(TLSError) {
                    count = try tls.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[start...]))
                } catch {
                    // The stash must not be lost, although it leads to nothing any more.
                    if start > 0 { connection.receive(UnsafeMutableRawBufferPointer(rebasing: buffer[..<start]), now: now) }
                    throw error
                }
                if start + count > 0 {
                    link.receive(UnsafeMutableRawBufferPointer(rebasing: buffer[..<(start + count)]), over: connection, now: now)
                }
                if count == 0 { break }
            }
            if tls.isFinished { link.linkClosed(errno: 0) }
        } catch {
            link.multiplexer.linkFailed(.peerFault(.tls, code: error.code), streams: nil)
        }
    }

    // MARK: From the link

    func flush() -> Bool {
        guard let link, let connection, let socket, !isMute else { return false }
        var moved = 0
        if let tls {
            moved = seal(connection, tls, socket)
        } else if !socket.isBlocked, !connection.wire.isEmpty {
            moved = socket.send(connection.wire.bytes)
            connection.wireTaken(moved, isSent: false)
        }
        balance(link, connection, socket)
        if socket.isBlocked || !(tls?.wire.isEmpty ?? true) { return moved > 0 }
        return connection.wireSent(upTo: connection.wirePosition) || moved > 0
    }

    private func seal(_ connection: Connection, _ tls: TLSEngine, _ socket: TCPSocket) -> Int {
        var moved = 0
        while !socket.isBlocked {
            if tls.wire.isEmpty {
                guard !connection.wire.isEmpty, let taken = try? tls.write(connection.wire.bytes), taken > 0 else { break }
                connection.wireTaken(taken, isSent: false)
                moved += taken
            }
            tls.wire.drop(socket.send(tls.wire.bytes))
        }
        if tls.wire.isEmpty { tls.wire.release() }
        return moved
    }

    /// Stops reading from a remote that makes us answer and does not read the answers.
    private func balance(_ link: Link, _ connection: Connection, _ socket: TCPSocket) {
        let isOver = socket.isBlocked && connection.wire.count > link.multiplexer.limits.wireHighWater + Self.pauseMargin
        guard isOver != isPaused else { return }
        isPaused = isOver
        if isOver { socket.stopReading() } else { socket.startReading() }
    }

    /// A remote that was said goodbye to has read all of it when it closes, too.
    func isDone(afterGoodbye: Bool) -> Bool { !hasUnsent && !(afterGoodbye && finishSending()) }

    func close() {
        closeSocket()
        link = nil
        connection = nil
    }

    private var hasUnsent: Bool {
        guard let connection, socket != nil else { return false }
        // Bytes that wait for TLS to be established will never leave.
        if let tls, !tls.isEstablished { return !tls.wire.isEmpty || socket?.isBlocked ?? false }
        return !connection.wire.isEmpty || socket?.isBlocked ?? false || !(tls?.wire.isEmpty ?? true)
    }

    // MARK: The end

    /// Half-closes the socket, so that its remote reads the end and closes, too: if we close a socket with unread bytes, the kernel resets
    /// it, which destroys what was sent last. Returns false if there is no remote to wait for.
    private func finishSending() -> Bool {
        if hasFinishedSending { return socket != nil }
        guard let socket, !isMute else { return false }
        finishTLS()
        hasFinishedSending = true
        socket.startReading()
        return socket.finishSending()
    }

    private func finishTLS() {
        guard let tls, let socket, !socket.isBlocked, !hasFinishedSending else { return }
        tls.finish()
        if !tls.wire.isEmpty { tls.wire.drop(socket.send(tls.wire.bytes)) }
    }

    func closeSocket(byReset: Bool = false) {
        if !byReset { finishTLS() }
        if byReset { socket?.closeByReset() } else { socket?.close() }
        socket = nil
        tls = nil
    }

    func mute() {
        isMute = true
        socket?.stopReading()
    }
}
