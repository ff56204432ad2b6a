import CausewayIdentity
import Synchronization

@testable import CausewayLocalNetwork
@testable import CausewayRuntime

/// A gateway that speaks UPnP alone, at a loopback address of its own.
final class TestIGD: Sendable {
    static let external: [UInt8] = [5, 1, 2, 3]
    let ip: [UInt8]
    private let loop = EventLoop()
    /// The actions that were asked for, in the order of asking, and what was sent in all.
    private let asked = Mutex<[String]>([])
    private let sent = Mutex(0)
    /// Whether a description has no end.
    private let isEndless: Bool
    nonisolated(unsafe) private var search: DatagramReader?
    nonisolated(unsafe) private var listener: TCPListener?
    nonisolated(unsafe) private var open: [Server] = []

    init(isEndless: Bool = false) async throws {
        self.isEndless = isEndless
        let random = Entropy.number()
        ip = [127, UInt8(1 + random % 250), UInt8(random >> 8 & 0xff), 1]
        try loop.start()
        await loop.perform { [self] in
            let socket = try! DatagramSocket(on: loop, at: Endpoint(ip: ip, port: SSDP.port)!, limits: GatewayPort.limits)
            listener = try! TCPListener(on: loop, address: SocketAddress(ip: ip, port: 0)!) { [unowned self] descriptor, remote in
                TCPSocket(on: loop, accepted: descriptor, from: remote).map { open.append(Server($0, of: self)) }
            }
            search = DatagramReader(
                socket,
                received: { [unowned self] _, sender in
                    let text = """
                        HTTP/1.1 200 OK\r\nST: urn:schemas-upnp-org:device:InternetGatewayDevice:1\r
                        LOCATION: http://\(UPnPAction.text(ip)):\(listener!.address.port)/d.xml\r\n\r\n
                        """
                    Array(text.utf8).withUnsafeBytes { try? search?.socket.send($0, to: sender) }
                })
        }
    }

    func stop() {
        loop.stop()
        loop.join()
    }

    var gateway: Endpoint { Endpoint(ip: ip, port: NetworkState.gatewayPort)! }
    var actions: [String] { asked.withLock { $0 } }
    var bytesSent: Int { sent.withLock { $0 } }

    fileprivate func count(_ bytes: Int) { sent.withLock { $0 += bytes } }

    /// nil: without an end.
    fileprivate func answer(to request: String) -> String? {
        guard let action = request.split(separator: "#").last?.split(separator: "\"").first, request.hasPrefix("POST") else {
            if isEndless { return nil }
            return """
                HTTP/1.1 200 OK\r\n\r\n<root><service><serviceType>urn:schemas-upnp-org:service:WANIPConnection:1</serviceType>\
                <controlURL>c</controlURL></service></root>
                """
        }
        asked.withLock { $0.append(String(action)) }
        let values =
            action == "GetExternalIPAddress" ? "<NewExternalIPAddress>\(UPnPAction.text(Self.external))</NewExternalIPAddress>" : ""
        // It cannot say what it forwards.
        if action == "GetSpecificPortMappingEntry" { return "HTTP/1.1 500 Error\r\n\r\n<errorCode>401</errorCode>" }
        return "HTTP/1.1 200 OK\r\n\r\n<\(action)Response>\(values)</\(action)Response>"
    }
}

/// One connection to it.
private final class Server: SocketOwner {
    private let socket: TCPSocket
    private unowned let igd: TestIGD
    private let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 8192, alignment: 16)
    private var request: [UInt8] = []
    private var isEndless = false

    init(_ socket: TCPSocket, of igd: TestIGD) {
        self.socket = socket
        self.igd = igd
        socket.owner = self
        socket.startReading()
    }

    deinit { room.deallocate() }

    func socketBuffer() -> UnsafeMutableRawBufferPointer { room }

    func socketReceived(_ count: Int) {
        request += room[..<count]
        let text = String(decoding: request, as: UTF8.self)
        guard text.hasPrefix("GET") ? text.hasSuffix("\r\n\r\n") : text.contains("</s:Envelope>") else { return }
        request = []
        guard let answer = igd.answer(to: text) else {
            isEndless = true
            _ = Array("HTTP/1.1 200 OK\r\n\r\n".utf8).withUnsafeBytes { socket.send($0) }
            return socketWritable()
        }
        _ = Array(answer.utf8).withUnsafeBytes { socket.send($0) }
        _ = socket.finishSending()
    }

    func socketWritable() {
        let piece = [UInt8](repeating: UInt8(ascii: "x"), count: 4096)
        while isEndless, !socket.isBlocked, igd.bytesSent < 1 << 28 { igd.count(piece.withUnsafeBytes { socket.send($0) }) }
    }

    func socketEnded(errno: Int32) {
        isEndless = false
        socket.close()
    }
}
