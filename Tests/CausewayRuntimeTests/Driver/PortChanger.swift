import CausewayIdentity
import CausewayNode

@testable import CausewayRuntime

extension ShellConfiguration {
    /// Which notices within seconds that a remote has gone, and at once that it has another port.
    static var impatient: ShellConfiguration {
        var shell = ShellConfiguration()
        shell.webRTCLimits.ice.consentInterval = .milliseconds(50)
        shell.webRTCLimits.ice.silence = .milliseconds(40)
        shell.webRTCLimits.ice.disconnectedTime = .seconds(2)
        shell.webRTCLimits.ice.consentTime = .seconds(4)
        return shell
    }
}

/// A NAT of loopback between one dialler and a listener, which can give the dialler another port. What is not a `let` is used on the loop.
final class PortChanger: @unchecked Sendable {
    /// One side of it.
    private final class Side: DatagramOwner {
        let socket: DatagramSocket
        var received: ((UnsafeRawBufferPointer, Endpoint) -> Void)?

        init(on loop: EventLoop) throws {
            socket = try DatagramSocket(on: loop, at: Endpoint(ip: [127, 0, 0, 1], port: 0)!)
            socket.owner = self
        }

        func datagramReceived(_ bytes: UnsafeRawBufferPointer, from remote: Endpoint) { received?(bytes, remote) }
        func datagramsWritable() {}
        func datagramsLost(to remote: Endpoint, errno: Int32) {}
        func datagramSocketFailed(errno: Int32) {}
    }

    private let loop: EventLoop
    private let listener: Endpoint
    private var inside: Side!
    private var outside: Side!
    private var dialler: Endpoint?

    init(on loop: EventLoop, to listener: Multiaddr) async {
        self.loop = loop
        self.listener = Endpoint(ip: [127, 0, 0, 1], port: listener.port!)!
        await loop.perform { [self] in
            inside = try! Side(on: loop)
            // The loop's sockets outlive it.
            inside.received = { [weak self] bytes, remote in
                guard let self else { return }
                dialler = remote
                try? outside.socket.send(bytes, to: self.listener)
            }
            makeOutside()
        }
    }

    private func makeOutside() {
        outside = try! Side(on: loop)
        outside.received = { [weak self] bytes, _ in
            if let self, let dialler { try? inside.socket.send(bytes, to: dialler) }
        }
    }

    /// The listener's address by this way.
    func address(of listener: Multiaddr) async -> Multiaddr {
        await loop.perform { [self] in
            Multiaddr.webRTCDirect(inside.socket.localEndpoint).naming(certificates: listener.certificateMultihashes)
        }
    }

    /// From now on the listener sees another port, and what goes to the old one is lost.
    func change() async {
        await loop.perform { [self] in
            outside.socket.close()
            makeOutside()
        }
    }
}
