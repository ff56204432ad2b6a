import CausewayIdentity
import CausewayLocalNetwork

/// What the gateway to the Internet can do for this machine, by IPv4.
package struct GatewayReport: Equatable, Sendable {
    /// 4 bytes.
    package let gateway: [UInt8]
    /// Port Control Protocol, RFC 6887.
    package var speaksPCP = false
    /// NAT Port Mapping Protocol, RFC 6886.
    package var speaksNATPMP = false
    /// It says by SSDP that it is a UPnP InternetGatewayDevice. This node maps no ports by UPnP.
    package var speaksUPnP = false
    /// Its own address towards the Internet as NAT-PMP says it, 4 bytes. If it is private or in 100.64.0.0/10, there is a further NAT.
    package var external: [UInt8]?
}

/// One inquiry at a gateway.
final class GatewayProbe {
    private unowned(unsafe) let loop: EventLoop
    private var report: GatewayReport
    private var inquiry: GatewayInquiry
    private let gateway: Endpoint
    private var sockets: [ProbeSocket] = []
    private var timer: LoopTimer?
    private let deadline: Instant
    /// nil: it is over.
    private var then: ((GatewayReport) -> Void)?
    var isOver: Bool { then == nil }

    /// 239.255.255.250, UDP port 1900.
    private static let discoveryGroup = Endpoint(ip: [239, 255, 255, 250], port: 1900)!
    private static let search = Array(
        """
        M-SEARCH * HTTP/1.1\r
        HOST: 239.255.255.250:1900\r
        MAN: "ssdp:discover"\r
        MX: 1\r
        ST: urn:schemas-upnp-org:device:InternetGatewayDevice:1\r
        \r\n
        """.utf8)

    init(
        _ gateway: Endpoint, on loop: EventLoop, within time: Interval, then: @escaping (GatewayReport) -> Void
    ) throws(DatagramError) {
        self.loop = loop
        self.gateway = gateway
        self.then = then
        report = GatewayReport(gateway: gateway.ip)
        deadline = loop.now + time
        let mapping = try DatagramSocket(on: loop, dialling: gateway, limits: GatewayPort.limits)
        let client = mapping.localEndpoint.ip
        inquiry = GatewayInquiry(from: client, now: loop.now)
        sockets.append(ProbeSocket(mapping, of: self))
        if let local = Endpoint(ip: client, port: 0),
            let discovery = try? DatagramSocket(on: loop, at: local, limits: GatewayPort.limits)
        {
            sockets.append(ProbeSocket(discovery, of: self))
        }
        timer = LoopTimer(on: loop) { [weak self] in self?.proceed() }
    }

    fileprivate var first: ProbeSocket? { sockets.first }

    func begin() {
        if sockets.count > 1 { Self.search.withUnsafeBytes { try? sockets[1].socket.send($0, to: Self.discoveryGroup) } }
        proceed()
    }

    fileprivate func received(_ bytes: [UInt8], from remote: Endpoint, on socket: ProbeSocket) {
        if socket === first {
            inquiry.received(bytes, now: loop.now)
        } else if remote.ip == gateway.ip, bytes.starts(with: Array("HTTP/1.1 200".utf8)) {
            report.speaksUPnP = true
        }
        proceed()
    }

    fileprivate func refused() {
        inquiry.refused()
        proceed()
    }

    private func proceed() {
        guard !isOver else { return }
        let now = loop.now
        for request in inquiry.advance(to: now) { request.withUnsafeBytes { try? sockets[0].socket.send($0, to: gateway) } }
        report.speaksPCP = inquiry.speaksPCP
        report.speaksNATPMP = inquiry.speaksNATPMP
        report.external = inquiry.external
        if deadline <= now || inquiry.speaksPCP && inquiry.speaksNATPMP && report.speaksUPnP { return end() }
        let next = inquiry.isOver(at: now) ? deadline : min(deadline, inquiry.nextDeadline)
        timer?.start(afterNanoseconds: (next - now).nanoseconds)
    }

    /// Answers, once.
    func end() {
        guard let then else { return }
        self.then = nil
        timer?.close()
        for one in sockets { one.socket.close() }
        then(report)
    }
}

private final class ProbeSocket: DatagramOwner {
    let socket: DatagramSocket
    private weak var probe: GatewayProbe?

    init(_ socket: DatagramSocket, of probe: GatewayProbe) {
        self.socket = socket
        self.probe = probe
        socket.owner = self
    }

    func datagramReceived(_ bytes: UnsafeRawBufferPointer, from remote: Endpoint) {
        probe?.received([UInt8](bytes), from: remote, on: self)
    }

    func datagramsWritable() {}

    func datagramsLost(to remote: Endpoint, errno: Int32) { if self === probe?.first { probe?.refused() } }

    func datagramSocketFailed(errno: Int32) {}
}
