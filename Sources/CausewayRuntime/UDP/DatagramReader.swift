import CausewayIdentity

/// The owner of a datagram socket for few datagrams, with a function for each of two occasions. Whoever has it closes the socket.
final class DatagramReader: DatagramOwner {
    let socket: DatagramSocket
    private let received: (UnsafeRawBufferPointer, Endpoint) -> Void
    private let refused: () -> Void

    /// - Parameters:
    ///   - received: a datagram has come; its bytes are lent.
    ///   - refused: the network says of a datagram that nobody is there. It may be that it says nothing.
    init(
        _ socket: DatagramSocket, received: @escaping (UnsafeRawBufferPointer, Endpoint) -> Void, refused: @escaping () -> Void = {}
    ) {
        self.socket = socket
        self.received = received
        self.refused = refused
        socket.owner = self
    }

    func datagramReceived(_ bytes: UnsafeRawBufferPointer, from remote: Endpoint) { received(bytes, remote) }

    func datagramsWritable() {}

    func datagramsLost(to remote: Endpoint, errno: Int32) { refused() }

    func datagramSocketFailed(errno: Int32) {}
}
