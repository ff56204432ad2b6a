import CausewayIdentity
import Synchronization

@testable import CausewayRuntime

/// A gateway on loopback that speaks PCP, and NAT-PMP as far as its address goes.
final class TestGateway: Sendable {
    static let external: [UInt8] = [5, 1, 2, 3]
    let endpoint: Endpoint
    private let loop = EventLoop()
    private let recorder: DatagramRecorder
    /// The lifetimes that were asked for, with the internal ports, in the order of asking.
    private let asked = Mutex<[(port: UInt16, lifetime: UInt32)]>([])

    init() async throws {
        try loop.start()
        let recorder = try await loop.datagramSocket(GatewayPort.limits)
        self.recorder = recorder
        endpoint = await loop.perform { recorder.socket!.localEndpoint }
        await loop.perform { [self] in recorder.whenReceived = { [unowned self] in answer() } }
    }

    func stop() {
        loop.stop()
        loop.join()
    }

    var requests: [(port: UInt16, lifetime: UInt32)] { asked.withLock { $0 } }

    private func answer() {
        guard let (request, remote) = recorder.received.last.map({ ($0.bytes, $0.remote) }) else { return }
        var answer: [UInt8] = [0, 128, 0, 0, 0, 0, 0, 9] + Self.external
        if request[0] != 0 {
            answer = [2, 0x80 | request[1], 0, 0] + request[4..<8] + [0, 0, 0, 9] + [UInt8](repeating: 0, count: 12)
            if request[1] == 1 {
                let lifetime = request[4..<8].reduce(0) { $0 << 8 | UInt32($1) }
                asked.withLock { $0.append((UInt16(request[40]) << 8 | UInt16(request[41]), lifetime)) }
                answer += request[24..<42] + [0x12, 0x34] + [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff] + Self.external
            }
        }
        try? recorder.socket?.send(answer, to: remote)
    }
}
