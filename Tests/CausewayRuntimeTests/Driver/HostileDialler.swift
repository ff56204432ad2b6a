import CausewayIdentity
import CausewayTLS

@testable import CausewayWebRTC

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Somebody who dials `/webrtc-direct` by the rules until SCTP stands, and then sends packets that a test writes. It has a socket of its
/// own, and says not a word of Noise.
final class HostileDialler {
    private let file: Int32
    private let path: ICEPath
    private let endpoint: RecordingEndpoint
    private let connection: PeerConnection
    private var buffer = [UInt8](repeating: 0, count: 2048)
    private var isConnected = false

    private var association: Association { connection.channels.association }

    /// Keeps the engine, by which packets are sealed.
    private final class RecordingEndpoint: DTLSEndpoint {
        let context: DTLSContext
        var engine: (any DTLSEngine)?

        init() throws { context = try DTLSContext(DTLSCertificate(now: 1_800_000_000, lifetime: 1_000_000)) }

        var fingerprint: CertificateFingerprint { context.fingerprint }

        func makeEngine(_ role: DTLSRole, trusting trust: DTLSTrust, now: Instant) throws(DTLSError) -> any DTLSEngine {
            let made = try context.makeEngine(role, trusting: trust, now: now)
            engine = made
            return made
        }
    }

    /// - Parameter port: of the listener, on this machine.
    init(to port: UInt16) throws {
        let remote = Endpoint(ip: [127, 0, 0, 1], port: port)!
        path = ICEPath(socket: 0, remote: remote)
        var target = sockaddr_in()
        target.sin_family = sa_family_t(AF_INET)
        target.sin_port = port.bigEndian
        target.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        #if canImport(Glibc)
            let file = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        #else
            let file = socket(AF_INET, SOCK_DGRAM, 0)
        #endif
        let code = withUnsafePointer(to: &target) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(file, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
        precondition(code == 0, "loopback has a route")
        self.file = file
        let (own, theirs) = DirectVersion.one.credentials(secret: [UInt8](repeating: 77, count: 32))
        let agent = ICEAgent(
            .controlling, own, bases: [LocalBase(socket: 0, endpoint: Endpoint(ip: [127, 0, 0, 1], port: 1)!)],
            secret: [UInt8](repeating: 1, count: 32), now: Self.now, mayCheck: { _ in true })
        agent.setRemote(theirs, isLite: true, now: Self.now)
        agent.add(ICECandidate(foundation: [49], priority: 1, address: .endpoint(remote), kind: .host))
        endpoint = try RecordingEndpoint()
        connection = PeerConnection(agent, .client, by: endpoint, entropy: [UInt8](repeating: 2, count: 32))
        connection.setTrust(.anyone, now: Self.now)
    }

    deinit { close(file) }

    private let doNotWait = Int32(MSG_DONTWAIT)

    private static var now: Instant {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Instant(nanoseconds: UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec))
    }

    /// Goes on until SCTP stands.
    func begin() async throws {
        while !isConnected {
            turn()
            try await Task.sleep(for: .milliseconds(1))
        }
    }

    private func turn() {
        let now = Self.now
        while case let size = recv(file, &buffer, buffer.count, doNotWait), size > 0 {
            var datagram = [UInt8](buffer[..<size])
            datagram.withUnsafeMutableBytes {
                connection.receive($0, over: path, now: now)
                drain(now)
            }
        }
        if connection.nextDeadline <= now { connection.advance(now: now) }
        drain(now)
    }

    private func drain(_ now: Instant) {
        while let output = buffer.withUnsafeMutableBytes({ connection.pollOutput(into: $0, now: now) }) {
            switch output {
            case .send(let count, _): send(file, buffer, count, 0)
            case .channel(.connected):
                isConnected = true
                // The listener speaks on it at once, and a channel that nobody has would be closed.
                try? connection.channels.add(negotiated: StreamID(0))
            default: break
            }
        }
    }

    /// Sends a DATA chunk of the second message on stream 0, alone in its packet. The `ahead` chunks before it never come.
    func data(_ bytes: [UInt8], ahead: UInt32) {
        let tsn = association.transmission.nextTSN.advanced(by: ahead)
        let packet = [UInt8](writing: bytes.count + 64) { writer in
            PacketHeader.write(tag: association.remoteTag, ports: (PacketHeader.port, PacketHeader.port), to: &writer)
            bytes.withUnsafeBytes {
                DataChunk(
                    flags: .whole, tsn: tsn, stream: StreamID(0), sequence: StreamSequenceNumber(1), payloadProtocol: .binary,
                    payload: PacketBytes($0)
                ).write(to: &writer)
            }
            writer.pad()
            PacketHeader.seal(writer)
        }
        let size = packet.withUnsafeBytes { packet in
            buffer.withUnsafeMutableBytes { endpoint.engine?.seal(packet, into: $0) }
        }
        if let size { send(file, buffer, size, 0) }
    }
}
