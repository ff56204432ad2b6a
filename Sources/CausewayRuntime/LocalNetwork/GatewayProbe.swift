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
    /// A service of UPnP's InternetGatewayDevice that forwards ports has answered.
    package var speaksUPnP = false
    /// Its own address towards the Internet as NAT-PMP or UPnP says it, 4 bytes. If it is private or in 100.64.0.0/10, there is a further
    /// NAT.
    package var external: [UInt8]?
}

/// One inquiry at a gateway.
final class GatewayProbe {
    private unowned(unsafe) let loop: EventLoop
    private var report: GatewayReport
    private var inquiry: GatewayInquiry
    private var upnp: UPnPClient
    private let gateway: Endpoint
    private var datagrams: DatagramReader?
    private var upnpPort: UPnPPort?
    private var timer: LoopTimer?
    private let deadline: Instant
    /// nil: it is over.
    private var then: ((GatewayReport) -> Void)?
    var isOver: Bool { then == nil }

    init(
        _ gateway: Endpoint, on loop: EventLoop, within time: Interval, then: @escaping (GatewayReport) -> Void
    ) throws(DatagramError) {
        self.loop = loop
        self.gateway = gateway
        self.then = then
        report = GatewayReport(gateway: gateway.ip)
        deadline = loop.now + time
        let socket = try DatagramSocket(on: loop, dialling: gateway, limits: GatewayPort.limits)
        let client = socket.localEndpoint.ip
        inquiry = GatewayInquiry(from: client, now: loop.now)
        upnp = UPnPClient(from: client, to: gateway.ip)
        datagrams = DatagramReader(
            socket, received: { [weak self] bytes, _ in self?.received([UInt8](bytes)) }, refused: { [weak self] in self?.refused() })
        upnpPort = UPnPPort(on: loop, from: client, to: gateway.ip, owner: self)
        timer = LoopTimer(on: loop) { [weak self] in self?.proceed() }
    }

    func begin() {
        upnp.search(now: loop.now)
        proceed()
    }

    private func received(_ bytes: [UInt8]) {
        inquiry.received(bytes, now: loop.now)
        proceed()
    }

    private func refused() {
        inquiry.refused()
        proceed()
    }

    private func proceed() {
        guard !isOver else { return }
        let now = loop.now
        for request in inquiry.advance(to: now) { request.withUnsafeBytes { try? datagrams?.socket.send($0, to: gateway) } }
        upnp.pass(to: now)
        for wish in upnp.takeWishes() { upnpPort?.fulfil(wish) }
        report.speaksPCP = inquiry.speaksPCP
        report.speaksNATPMP = inquiry.speaksNATPMP
        report.speaksUPnP = upnp.hasService
        report.external = inquiry.external ?? upnp.external
        if deadline <= now || inquiry.speaksPCP && inquiry.speaksNATPMP && report.speaksUPnP { return end() }
        let next = min(deadline, upnp.nextDeadline, inquiry.isOver(at: now) ? .distantFuture : inquiry.nextDeadline)
        timer?.start(afterNanoseconds: (next - now).nanoseconds)
    }

    /// Answers, once.
    func end() {
        guard let then else { return }
        self.then = nil
        timer?.close()
        datagrams?.socket.close()
        upnpPort?.close()
        then(report)
    }
}

extension GatewayProbe: UPnPPort.Owner {
    func found(_ bytes: [UInt8], from sender: Endpoint) {
        upnp.found(bytes, from: sender, now: loop.now)
        proceed()
    }

    func exchanged(_ bytes: [UInt8]) {
        upnp.receive(bytes, now: loop.now)
        proceed()
    }

    func exchangeEnded() {
        upnp.end(now: loop.now)
        proceed()
    }
}
