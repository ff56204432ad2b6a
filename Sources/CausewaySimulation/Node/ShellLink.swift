import CausewayConnection
import CausewayIdentity

/// A link of a simulated node, from the connection attempt to its end: the link itself, and what carries its bytes.
final class ShellLink: SimulatedSocketOwner {
    let id: UInt32
    unowned let shell: NodeShell
    /// Set when the transport is connected.
    var link: ByteLink?
    var socket: SimulatedSocket?
    var attempt: SimulatedConnectAttempt?
    /// The moment of this link's event in the simulation's queue.
    var wake = Instant.distantFuture
    var isInQueue = false

    init(_ id: UInt32, _ shell: NodeShell) {
        self.id = id
        self.shell = shell
    }

    /// Writes what the link wants to send. Returns whether the socket took any of it.
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

    // MARK: From the socket

    func received(_ bytes: UnsafeMutableRawBufferPointer, on socket: SimulatedSocket) {
        guard let link else { return }
        link.connection.receive(bytes, now: shell.now)
        // Within this call, because the bytes are lent.
        shell.work(on: self)
    }

    func writable(_ socket: SimulatedSocket) { shell.work(on: self) }

    func closed(_ socket: SimulatedSocket, errno: Int32) {
        self.socket = nil
        link?.linkClosed(errno: errno)
        shell.work(on: self)
    }
}
