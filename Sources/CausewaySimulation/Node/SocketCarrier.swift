import CausewayConnection
import CausewayIdentity

/// A simulated socket under a node's link, from the attempt to connect to its end.
final class SocketCarrier: Carrier, SimulatedSocketOwner {
    let id: UInt32
    private unowned let shell: SimulatedShell
    /// Set when the socket is connected, as is the connection.
    private var link: Link?
    private var connection: Connection?
    var socket: SimulatedSocket?
    var attempt: SimulatedConnectAttempt?

    init(_ id: UInt32, _ shell: SimulatedShell) {
        self.id = id
        self.shell = shell
    }

    func carry(_ link: Link, _ connection: Connection) {
        self.link = link
        self.connection = connection
    }

    // MARK: From the link

    func flush() -> Bool {
        guard let connection, let socket else { return false }
        var moved = 0
        while !connection.wire.isEmpty {
            let taken = socket.write(connection.wire.bytes)
            if taken == 0 { break }
            connection.wireTaken(taken)
            moved += taken
        }
        return moved > 0
    }

    func isDone(afterGoodbye: Bool) -> Bool { socket == nil || connection?.wire.isEmpty ?? true }

    func close() {
        attempt?.cancel()
        socket?.close()
        socket = nil
        link = nil
        connection = nil
    }

    // MARK: From the socket

    func received(_ bytes: UnsafeMutableRawBufferPointer, on socket: SimulatedSocket) {
        guard shell.isTakingTime else {
            _ = receive(bytes)
            return
        }
        var copy = [UInt8](bytes)
        shell.process { [self] in copy.withUnsafeMutableBytes { receive($0) } }
    }

    /// Returns whether anybody took them.
    private func receive(_ bytes: UnsafeMutableRawBufferPointer) -> Bool {
        guard let link, let connection else { return false }
        shell.turn { _ in
            link.receive(bytes, over: connection, now: shell.now)
            link.markDirty()
        }
        return true
    }

    func writable(_ socket: SimulatedSocket) { shell.turn { [link] _ in link?.markDirty() } }

    func closed(_ socket: SimulatedSocket, errno: Int32) {
        shell.process { [self] in
            self.socket = nil
            shell.turn { [shell, id] _ in shell.links.fail(id, .link(errno: errno)) }
            return false
        }
    }
}
