import Causeway
import Foundation
import Testing

/// Binds a UDP port of loopback that nobody else gets meanwhile.
private final class TakenPort {
    private let file: Int32
    let number: UInt16

    init() throws {
        #if canImport(Glibc)
            file = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        #else
            file = socket(AF_INET, SOCK_DGRAM, 0)
        #endif
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let file = self.file
        let code = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(file, $0, size) | getsockname(file, $0, &size) }
        }
        number = UInt16(bigEndian: address.sin_port)
        try #require(code == 0)
    }

    var direct: String { "/ip4/127.0.0.1/udp/\(number)/webrtc-direct" }

    deinit { close(file) }
}

private let direct = "/ip4/127.0.0.1/udp/0/webrtc-direct"

/// What a node advertises.
private func advertised(by configuration: Configuration) async throws -> [Multiaddr] {
    let node = try Node(configuration)
    let running = Task { try await node.run() }
    try await node.waitUntilReady()
    let addresses = await node.addresses
    running.cancel()
    try await running.value
    return addresses
}

@Suite("Where a node listens") struct ListenTests {
    @Test func oneNumberServesBothTransports() async throws {
        // Somebody else may have the UDP port of the number that the system gave for TCP.
        for _ in 0..<5 {
            let addresses = try await advertised(by: configuration(listen: [direct, tcp]))
            try #require(addresses.map(\.transport) == [.tcp, .webRTCDirect])
            if addresses[0].port == addresses[1].port { return }
        }
        Issue.record("the ports differ")
    }

    @Test func aNumberThatIsTakenGivesWay() async throws {
        let taken = try TakenPort()
        let addresses = try await advertised(by: configuration(listen: ["/ip4/127.0.0.1/tcp/\(taken.number)", direct]))
        #expect(addresses.map(\.transport) == [.tcp, .webRTCDirect])
        #expect(addresses[0].port == taken.number && addresses[1].port != taken.number && addresses[1].port != 0)
    }

    @Test func onlyAPortThatIsNeededEndsTheNode() async throws {
        let taken = try TakenPort()
        let address = try Multiaddr(taken.direct)
        let optional = try configuration(listen: [tcp]) { $0.listenIfPossible = [address] }
        try await withNodes([optional]) { nodes in
            guard case .cannotListen(address, let reason)? = nodes[0].listenFailures.first else {
                Issue.record("\(nodes[0].listenFailures)")
                return
            }
            #expect(nodes[0].listenFailures.count == 1 && reason.contains("in use"))
            #expect(await nodes[0].addresses.map(\.transport) == [.tcp])
        }
        let needed = try Node(configuration(listen: [tcp, taken.direct]))
        await #expect {
            try await needed.run()
        } throws: { error in
            guard case .cannotListen(address, _) = error as? NodeError else { return false }
            return true
        }
    }

    @Test func optionalAddressesAreAdvertised() async throws {
        let wanted = try Multiaddr(direct)
        let optional = try configuration { $0.listenIfPossible = [wanted] }
        try await withNodes([optional, configuration()]) { nodes in
            let address = try #require(await nodes[0].addresses.first)
            #expect(address.transport == .webRTCDirect && address.certificateHash != nil && nodes[0].listenFailures.isEmpty)
            try await serving(nodes[0], "/echo", by: echo)
            let stream = try await nodes[1].open("/echo", to: address)
            #expect(try await exchange([1, 2, 3], over: stream) == [1, 2, 3])
        }
    }

    @Test func certificatesThatCannotBeKeptEndOnlyWhoNeedsThem() async throws {
        let folder = NSTemporaryDirectory() + "listen-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder + "/key.certificates", withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let wanted = try Multiaddr(direct)
        let optional = try configuration(listen: [tcp]) {
            $0.identity = .file(path: folder + "/key")
            $0.listenIfPossible = [wanted]
        }
        try await withNodes([optional]) { nodes in
            #expect(nodes[0].listenFailures.count == 1 && "\(nodes[0].listenFailures)".contains("key.certificates"))
            #expect(await nodes[0].addresses.map(\.transport) == [.tcp])
        }
        let needed = try configuration(listen: [direct]) { $0.identity = optional.identity }
        #expect {
            try Node(needed)
        } throws: { error in
            guard case .file = error as? NodeError else { return false }
            return true
        }
    }
}

@Suite("Announced addresses of /webrtc-direct") struct AnnouncedCertificateTests {
    private let name = "/dns4/relay.example/udp/4001/webrtc-direct"

    @Test func getTheHashOfTheCertificate() async throws {
        let told = [try Multiaddr(name), try Multiaddr("/ip4/203.0.113.5/tcp/4001")]
        let announcing = try configuration(listen: [direct]) { $0.announce = told }
        let addresses = try await advertised(by: announcing)
        #expect(addresses.count == 2 && addresses[0].certificateHash != nil && addresses[0].description.hasPrefix(name + "/certhash/"))
        #expect(addresses[1].certificateHash == nil)
    }

    @Test func keepTheirOwnHashAndNoOther() async throws {
        let folder = NSTemporaryDirectory() + "announce-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var kept = try configuration(listen: [direct]) { $0.identity = .file(path: folder + "/key") }
        kept.announce = [try Multiaddr(name)]
        let named = try #require(try await advertised(by: kept).first).withoutPeerID
        #expect(named.certificateHash != nil)
        kept.announce = [named]
        #expect(try await advertised(by: kept).first?.withoutPeerID == named)
        let wrong = try Multiaddr(name).naming(certificates: [[0x12, 0x20] + [UInt8](repeating: 7, count: 32)])
        kept.announce = [wrong]
        #expect {
            try Node(kept)
        } throws: { error in
            guard case .wrongCertificate(wrong) = error as? NodeError else { return false }
            return "\(error)".contains(wrong.description)
        }
    }
}
