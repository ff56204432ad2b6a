import CausewayIdentity
import CausewayLocalNetwork

/// The sockets for asking one gateway by UPnP: one for the search, and one connection at a time (`UPnPClient`). Used on the loop.
final class UPnPPort {
    /// What comes, always on the loop.
    protocol Owner: AnyObject {
        func found(_ bytes: [UInt8], from sender: Endpoint)
        func exchanged(_ bytes: [UInt8])
        /// The connection has ended, or could not be opened. It is closed.
        func exchangeEnded()
    }

    private unowned(unsafe) let loop: EventLoop
    private let client: [UInt8]
    private let gateway: [UInt8]
    private weak var owner: (any Owner)?
    private var search: DatagramReader?
    private var connection: Connection?

    /// - Parameters:
    ///   - client: this machine's IPv4 address towards the gateway, 4 bytes.
    ///   - gateway: its own, 4 bytes.
    init(on loop: EventLoop, from client: [UInt8], to gateway: [UInt8], owner: any Owner) {
        self.loop = loop
        self.client = client
        self.gateway = gateway
        self.owner = owner
    }

    func fulfil(_ wish: UPnPClient.Wish) {
        switch wish {
        case .search(let bytes): send(bytes)
        case .connect(let endpoint, let request): connect(to: endpoint, request)
        case .disconnect: disconnect()
        }
    }

    /// Nobody reads answers to the search any more.
    func endSearch() {
        search?.socket.close()
        search = nil
    }

    func close() {
        endSearch()
        disconnect()
    }

    /// To all, and to the gateway alone, which firewalls and Wi-Fi let through rather.
    private func send(_ bytes: [UInt8]) {
        if search == nil, let local = Endpoint(ip: client, port: 0),
            let socket = try? DatagramSocket(on: loop, at: local, limits: GatewayPort.limits)
        {
            search = DatagramReader(socket, received: { [weak self] in self?.owner?.found([UInt8]($0), from: $1) })
        }
        for to in [SSDP.group, Endpoint(ip: gateway, port: SSDP.port)] {
            guard let to else { continue }
            bytes.withUnsafeBytes { try? search?.socket.send($0, to: to) }
        }
    }

    private func connect(to endpoint: Endpoint, _ request: [UInt8]) {
        disconnect()
        let connection = Connection(on: loop, request)
        self.connection = connection
        connection.open(to: endpoint, received: { [weak self] in self?.owner?.exchanged($0) }) { [weak self, weak connection] in
            guard let self, let connection, self.connection === connection else { return }
            disconnect()
            owner?.exchangeEnded()
        }
    }

    private func disconnect() {
        connection?.close()
        connection = nil
    }
}

extension UPnPPort {
    /// One request and what comes back. The machine has the clock for it.
    private final class Connection: SocketOwner {
        private unowned(unsafe) let loop: EventLoop
        private let socket: TCPSocket
        private var request: ArraySlice<UInt8>
        private var received: (([UInt8]) -> Void)?
        private var ended: (() -> Void)?
        /// Bound: what is read at once.
        private let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 8 << 10, alignment: 16)

        init(on loop: EventLoop, _ request: [UInt8]) {
            self.loop = loop
            self.request = request[...]
            socket = TCPSocket(on: loop)
            socket.owner = self
        }

        deinit { room.deallocate() }

        func open(to endpoint: Endpoint, received: @escaping ([UInt8]) -> Void, ended: @escaping () -> Void) {
            self.received = received
            self.ended = ended
            guard let target = SocketAddress(ip: endpoint.ip, port: endpoint.port) else { return endLater() }
            do throws(UVError) {
                try socket.connect(to: target) { [weak self] errno in self?.connected(errno) }
            } catch {
                endLater()
            }
        }

        private func connected(_ errno: Int32) {
            guard errno == 0 else { return socketEnded(errno: errno) }
            socket.startReading()
            send()
        }

        private func send() {
            while !request.isEmpty, !socket.isBlocked {
                request = request.dropFirst(request.withUnsafeBytes { socket.send($0) })
            }
        }

        /// Not while the machine is being asked what it wants.
        private func endLater() {
            nonisolated(unsafe) let connection = self
            loop.post { connection.socketEnded(errno: 0) }
        }

        func close() {
            received = nil
            ended = nil
            socket.close()
        }

        func socketBuffer() -> UnsafeMutableRawBufferPointer { room }
        func socketReceived(_ count: Int) { received?([UInt8](UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(room)[..<count]))) }
        func socketWritable() { send() }
        func socketEnded(errno: Int32) { ended?() }
    }
}
