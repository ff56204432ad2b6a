import CausewayConnection
import CausewayIdentity
import CausewayTLS

/// A socket under a link, with TLS or without, from its first moment to its end.
///
/// An idle link is only this object and its socket's handle: it has no buffer, timer or task.
final class SocketCarrier: Carrier, SocketOwner {
    let id: UInt32
    unowned(unsafe) let home: LinkLoop
    /// nil while the socket connects, or while an accepted one is silent.
    var link: ByteLink?
    /// nil after the socket's end.
    private(set) var socket: TCPSocket?
    var tls: TLSEngine?
    /// For an accepted socket: the protocols that it may turn out to speak.
    var welcome: Welcome?
    /// For an accepted socket on a port with pages: its request, unless it asks for a WebSocket.
    var page: PageExchange?
    /// For tests: neither reads nor writes any more, as if its cable were cut.
    private(set) var isMute = false
    private var isPaused = false
    /// The socket is half closed: nothing is sent any more, and what arrives is discarded.
    private var hasFinishedSending = false

    /// How many control frames a remote may make us queue beyond the wire's high-water mark before we stop reading from it.
    private static let pauseMargin = 128 << 10

    init(id: UInt32, _ socket: TCPSocket, home: LinkLoop) {
        self.id = id
        self.home = home
        self.socket = socket
        socket.owner = self
    }

    // MARK: From the socket

    func socketBuffer() -> UnsafeMutableRawBufferPointer {
        home.prepared = 0
        let buffer = home.loop.readBuffer
        if tls == nil, let link { home.prepared = link.connection.prepare(buffer) }
        return UnsafeMutableRawBufferPointer(rebasing: buffer[home.prepared...])
    }

    func socketReceived(_ count: Int) {
        let start = home.prepared
        home.prepared = 0
        guard start + count > 0, !hasFinishedSending else { return }
        let bytes = UnsafeMutableRawBufferPointer(rebasing: home.loop.readBuffer[..<(start + count)])
        let now = home.loop.now
        if link == nil, page == nil, !home.sniff(self, bytes[0]) { return home.links.remove(id) }
        if let page { return read(UnsafeRawBufferPointer(bytes), page) }
        guard let link else { return }
        if tls == nil {
            link.connection.receive(bytes, now: now)
            link.turn(now: now)
        } else {
            open(UnsafeRawBufferPointer(bytes), link, now: now)
        }
        link.markDirty()
        // Small packets of many sockets are answered together at the end of the turn. From 32 KiB on, half a frame's buffer, the data is
        // processed at once, while it is in the cache.
        if count >= 32 << 10 { _ = home.settle() }
    }

    func socketWritable() {
        if let page { flush(page) } else { link?.markDirty() }
    }

    func socketEnded(errno: Int32) {
        closeSocket()
        // Of an accepted socket that is no link the node has not heard.
        if welcome == nil { home.links.fail(id, .link(errno: errno)) } else { home.links.remove(id) }
    }

    // MARK: TLS

    private func open(_ ciphertext: UnsafeRawBufferPointer, _ link: ByteLink, now: Instant) {
        guard let tls else { return }
        tls.receive(ciphertext)
        let buffer = home.plainBuffer
        do throws(TLSError) {
            while true {
                let start = link.connection.prepare(buffer)
                let count: Int
                do throws(TLSError) {
                    count = try tls.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[start...]))
                } catch {
                    // The stash must not be lost, although it leads to nothing any more.
                    if start > 0 { link.connection.receive(UnsafeMutableRawBufferPointer(rebasing: buffer[..<start]), now: now) }
                    throw error
                }
                if start + count > 0 {
                    link.connection.receive(UnsafeMutableRawBufferPointer(rebasing: buffer[..<(start + count)]), now: now)
                    link.turn(now: now)
                }
                if count == 0 { break }
            }
            if tls.isFinished { link.linkClosed(errno: 0) }
        } catch {
            link.connection.linkFailed(.peerFault(.tls, code: error.code), streams: nil)
        }
    }

    // MARK: From the link

    func flush() -> Bool {
        guard let link, let socket, !isMute else { return false }
        var moved = 0
        if let tls {
            moved = seal(link, tls, socket)
        } else if !socket.isBlocked, !link.connection.wire.isEmpty {
            moved = socket.send(link.connection.wire.bytes)
            link.connection.wireTaken(moved, isSent: false)
        }
        balance(link, socket)
        if socket.isBlocked || !(tls?.wire.isEmpty ?? true) { return moved > 0 }
        return link.connection.wireSent(upTo: link.connection.wirePosition) || moved > 0
    }

    private func seal(_ link: ByteLink, _ tls: TLSEngine, _ socket: TCPSocket) -> Int {
        var moved = 0
        while !socket.isBlocked {
            if tls.wire.isEmpty {
                guard !link.connection.wire.isEmpty, let taken = try? tls.write(link.connection.wire.bytes), taken > 0 else { break }
                link.connection.wireTaken(taken, isSent: false)
                moved += taken
            }
            tls.wire.drop(socket.send(tls.wire.bytes))
        }
        if tls.wire.isEmpty { tls.wire.release() }
        return moved
    }

    /// Stops reading from a remote that makes us answer and does not read the answers.
    private func balance(_ link: ByteLink, _ socket: TCPSocket) {
        let isOver = socket.isBlocked && link.connection.wire.count > link.connection.limits.wireHighWater + Self.pauseMargin
        guard isOver != isPaused else { return }
        isPaused = isOver
        if isOver { socket.stopReading() } else { socket.startReading() }
    }

    /// A remote that was said goodbye to has read all of it when it closes, too.
    func isDone(afterGoodbye: Bool) -> Bool { !hasUnsent && !(afterGoodbye && finishSending()) }

    func close() {
        closeSocket()
        link = nil
    }

    private var hasUnsent: Bool {
        guard let link, socket != nil else { return false }
        // Bytes that wait for TLS to be established will never leave.
        if let tls, !tls.isEstablished { return !tls.wire.isEmpty || socket?.isBlocked ?? false }
        return !link.connection.wire.isEmpty || socket?.isBlocked ?? false || !(tls?.wire.isEmpty ?? true)
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
