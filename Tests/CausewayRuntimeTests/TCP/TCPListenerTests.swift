import CDatagrams
import CausewayIdentity
import Testing

@testable import CausewayRuntime

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A listener on a loop of its own, and what it has accepted.
private final class Door: @unchecked Sendable {
    let loop = EventLoop()
    // On the loop.
    private(set) var listener: TCPListener?
    private(set) var descriptors: [Int32] = []
    private(set) var remotes: [UInt16] = []
    private(set) var acceptedByTurn: [UInt64: Int] = [:]
    private var waiting: (count: Int, continuation: CheckedContinuation<Void, Never>)?

    init() throws { try loop.start() }

    func stop() {
        loop.post {
            for descriptor in self.descriptors { cw_close(descriptor) }
            self.descriptors = []
        }
        loop.stop()
    }

    func onLoop<R: Sendable>(_ body: @escaping @Sendable (Door) -> R) async -> R {
        await withCheckedContinuation { continuation in loop.post { continuation.resume(returning: body(self)) } }
    }

    func open() async -> UInt16 {
        await onLoop { door in
            door.listener = try? TCPListener(on: door.loop, address: SocketAddress(ip: [127, 0, 0, 1], port: 0)!) { [unowned door] in
                door.accepted($0, from: $1)
            }
            return door.listener?.address.port ?? 0
        }
    }

    private func accepted(_ descriptor: Int32, from remote: SocketAddress) {
        descriptors.append(descriptor)
        remotes.append(remote.port)
        acceptedByTurn[loop.turn, default: 0] += 1
        if let waiting, descriptors.count >= waiting.count {
            self.waiting = nil
            waiting.continuation.resume()
        }
    }

    /// Returns when so many have come.
    func accepted(_ count: Int) async {
        await withCheckedContinuation { continuation in
            loop.post {
                if self.descriptors.count >= count { return continuation.resume() }
                self.waiting = (count, continuation)
            }
        }
    }
}

/// A client that blocks.
private struct Client {
    let descriptor: Int32
    /// Its own port. 0: it could not connect.
    let port: UInt16

    init(to port: UInt16) {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        let code = SocketAddress(ip: [127, 0, 0, 1], port: port)!.withPointer {
            connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
        self.descriptor = descriptor
        var size = socklen_t(MemoryLayout<sockaddr_in6>.size)
        let own = SocketAddress { address, _ in getsockname(descriptor, address, &size) }
        self.port = code == 0 ? own?.port ?? 0 : 0
    }

    func close() { cw_close(descriptor) }
}

@Suite struct TCPListenerTests {
    @Test func saysWhoConnectedAndLetsSmallWritesLeave() async throws {
        let door = try Door()
        let client = Client(to: await door.open())
        await door.accepted(1)
        let (remotes, descriptor) = await door.onLoop { ($0.remotes, $0.descriptors[0]) }
        #expect(client.port != 0 && remotes == [client.port])
        var isAtOnce: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        #expect(getsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &isAtOnce, &size) == 0 && isAtOnce != 0)
        #expect(fcntl(descriptor, F_GETFL) & O_NONBLOCK != 0 && fcntl(descriptor, F_GETFD) & FD_CLOEXEC != 0)
        client.close()
        door.stop()
    }

    /// A burst leaves other sockets of the loop their turn, and is accepted whole.
    @Test func acceptsABurstInParts() async throws {
        let door = try Door()
        let port = await door.open()
        // The kernel completes them while the loop is busy here.
        let clients = await door.onLoop { _ in (0..<200).map { _ in Client(to: port) } }
        await door.accepted(200)
        let byTurn = await door.onLoop { $0.acceptedByTurn }
        #expect(byTurn.values.max()! <= 64 && byTurn.count >= 4)
        #expect(Set(await door.onLoop { $0.remotes }) == Set(clients.map(\.port)))
        for client in clients { client.close() }
        door.stop()
    }

    /// Connections wait until there are descriptors again.
    @Test func outOfDescriptors() async throws {
        let door = try Door()
        let port = await door.open()
        let calls = await door.onLoop { door in
            let calls = Calls()
            door.listener?.take = { file, address, size in
                calls.count += 1
                return calls.count <= 2 ? -EMFILE : cw_accept(file, address, size)
            }
            return calls
        }
        let client = Client(to: port)
        await door.accepted(1)
        // Twice refused, with a pause in between, and not in a busy loop; once accepted; and then nobody waits.
        #expect(await door.onLoop { _ in calls.count } <= 4)
        client.close()
        door.stop()
    }

    @Test func whenItIsClosedNobodyConnects() async throws {
        let door = try Door()
        let port = await door.open()
        await door.onLoop { $0.listener?.close() }
        let client = Client(to: port)
        #expect(client.port == 0)
        client.close()
        door.stop()
    }
}

/// Dials from a port that something else has, too.
@Suite struct SharedPortTests {
    /// Connects on the door's loop, and tells the local port, or the error.
    private func dial(_ door: Door, to port: UInt16, from own: UInt16) async -> (port: UInt16, errno: Int32) {
        await withCheckedContinuation { continuation in
            door.loop.post {
                let socket = TCPSocket(on: door.loop)
                do throws(UVError) {
                    try socket.connect(to: SocketAddress(ip: [127, 0, 0, 1], port: port)!, from: own) { errno in
                        continuation.resume(returning: (socket.localAddress?.port ?? 0, errno))
                    }
                } catch {
                    socket.close()
                    continuation.resume(returning: (0, error.errno))
                }
            }
        }
    }

    @Test func dialsLeaveFromTheListenersPort() async throws {
        let (door, far, other) = (try Door(), try Door(), try Door())
        let (own, port, second) = (await door.open(), await far.open(), await other.open())
        #expect(await dial(door, to: port, from: own) == (own, 0))
        await far.accepted(1)
        #expect(await far.onLoop { $0.remotes } == [own])
        // To another remote as well, and the listener still accepts.
        #expect(await dial(door, to: second, from: own) == (own, 0))
        let client = Client(to: own)
        await door.accepted(1)
        #expect(client.port != 0)
        // One connection stands between two ports.
        let again = await dial(door, to: port, from: own)
        #expect(again == (0, EADDRNOTAVAIL) || again == (0, EADDRINUSE), "\(again)")
        client.close()
        for one in [door, far, other] { one.stop() }
    }

    /// A dial does not make room for a second listener, of this program or of another.
    @Test func aListenersPortIsItsOwn() async throws {
        let (door, far) = (try Door(), try Door())
        let (own, port) = (await door.open(), await far.open())
        let dialled = await dial(door, to: port, from: own)
        #expect(dialled == (own, 0), "\(dialled)")
        let errno: Int32 = await door.onLoop { door in
            do throws(UVError) {
                _ = try TCPListener(on: door.loop, address: SocketAddress(ip: [127, 0, 0, 1], port: own)!) { _, _ in }
                return 0
            } catch { return error.errno }
        }
        #expect(errno == EADDRINUSE)
        door.stop()
        far.stop()
    }

    /// A socket that dials its own port meets itself, by two SYNs that cross.
    @Test func crossingSYNsConnect() async throws {
        let door = try Door()
        let own = await door.open()
        await door.onLoop { $0.listener?.close() }
        #expect(await dial(door, to: own, from: own) == (own, 0))
        door.stop()
    }
}

/// Used on one loop.
private final class Calls: @unchecked Sendable {
    var count = 0
}

@Test(
    arguments: [
        [127, 0, 0, 1], [127, 255, 0, 9], [128, 0, 0, 1], [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
        [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1],
        [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1], [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 1],
    ] as [[UInt8]]) func anAddressIsLoopbackAsItsMultiaddressIs(ip: [UInt8]) throws
{
    let address = try #require(SocketAddress(ip: ip, port: 1))
    #expect(address.isLoopback == (address.tcp.reach == .loopback))
}
