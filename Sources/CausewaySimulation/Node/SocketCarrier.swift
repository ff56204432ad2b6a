import CausewayConnection
import CausewayIdentity

/// A simulated socket under a node's link, from the attempt to connect to its end.
final class SocketCarrier: Carrier, SimulatedSocketOwner {
    let id: UInt32
    private unowned let shell: NodeShell
    /// Set when the socket is connected.
    var link: ByteLink?
    var socket: SimulatedSocket?
    var attempt: SimulatedConnectAttempt?

    init(_ id: UInt32, _ shell: NodeShell) {
        self.id = id
        self.shell = shell
    }

    // MARK: From the link

    func flush() -> Bool {
        guard let link, let socket else { return false }
        var moved = 0
        while !link.connection.wire.isEmpty {
            let taken = socket.write(link.connection.wire.bytes)
            if taken == 0 { break }
            link.connection.wireTaken(taken)
            moved += taken
        }
        return moved > 0
    }

    func isDone(afterGoodbye: Bool) -> Bool { socket == nil || link?.connection.wire.isEmpty ?? true }

    func close() {
        attempt?.cancel()
        socket?.close()
        socket = nil
        link = nil
    }

    // MARK: From the socket

    func received(_ bytes: UnsafeMutableRawBufferPointer, on socket: SimulatedSocket) {
        guard let link else { return }
        shell.turn { _ in
            link.connection.receive(bytes, now: shell.now)
            // Within this call, because the bytes are lent.
            link.turn(now: shell.now)
            link.markDirty()
        }
    }

    func writable(_ socket: SimulatedSocket) { shell.turn { [link] _ in link?.markDirty() } }

    func closed(_ socket: SimulatedSocket, errno: Int32) {
        self.socket = nil
        shell.turn { [shell, id] _ in shell.links.fail(id, .link(errno: errno)) }
    }
}
