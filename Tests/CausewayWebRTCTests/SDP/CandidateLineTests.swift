import CausewayIdentity
import Testing

@testable import CausewayWebRTC

func candidate(_ line: String) -> ICECandidate? { Array(line.utf8).withUnsafeBytes { ICECandidate(line: $0) } }

private func endpoint(_ ip: String, _ port: UInt16) -> Endpoint {
    Endpoint(ip: IPAddressText.ipv4(Array(ip.utf8)) ?? IPAddressText.ipv6(Array(ip.utf8))!, port: port)!
}

@Suite("Lines of candidates") struct CandidateLineTests {
    /// As Chromium, Firefox, libdatachannel and others write them.
    @Test func thoseOfOthersAreRead() throws {
        let host = try #require(
            candidate("candidate:3988387067 1 udp 2113937151 192.168.1.7 45342 typ host generation 0 ufrag wZ/B network-cost 999"))
        #expect(host.kind == .host && host.address == .endpoint(endpoint("192.168.1.7", 45342)) && host.priority == 2_113_937_151)
        #expect(host.fragment == Array("wZ/B".utf8) && host.foundation == Array("3988387067".utf8))
        let reflexive = try #require(candidate("a=candidate:2 1 UDP 1677724415 203.0.113.9 6000 typ srflx raddr 10.0.0.7 rport 5000"))
        #expect(reflexive.kind == .serverReflexive && reflexive.related == endpoint("10.0.0.7", 5000))
        let hidden = try #require(candidate("candidate:0 1 UDP 2122252543 0f3c9b6e-8d1e-4a5b-9c1d-2e3f4a5b6c7d.local 50000 typ host"))
        #expect(hidden.address == .name(Array("0f3c9b6e-8d1e-4a5b-9c1d-2e3f4a5b6c7d.local".utf8), port: 50000))
        let tcp = try #require(candidate("candidate:1 1 TCP 2105524479 198.51.100.1 9 typ host tcptype active"))
        #expect(tcp.transport == .tcp)
        let six = try #require(candidate("candidate:1 2 udp 1 2001:db8::7 5 typ relay raddr :: rport 0"))
        #expect(six.component == 2 && six.kind == .relayed && six.address == .endpoint(endpoint("2001:db8::7", 5)))
        #expect(candidate("candidate:1 1 udp 4294967295 1.2.3.4 5 typ prflx raddr secret.local rport 7")?.related == nil)
    }

    @Test func oursAreReadAgain() throws {
        var one = ICECandidate(foundation: [0x31], priority: 7, address: .endpoint(endpoint("2001:db8::1", 9)), kind: .serverReflexive)
        one.related = endpoint("10.0.0.1", 3)
        one.fragment = Array("abcd".utf8)
        #expect(
            String(decoding: one.line, as: UTF8.self) == "candidate:1 1 udp 7 2001:db8::1 9 typ srflx raddr 10.0.0.1 rport 3 ufrag abcd")
        #expect(one.line.withUnsafeBytes { ICECandidate(line: $0) } == one)
        one.address = .name(Array("x.local".utf8), port: 8)
        #expect(one.line.withUnsafeBytes { ICECandidate(line: $0) } == one)
    }

    @Test(arguments: [
        "", "candidate:", "candidate:1 1 udp 1 1.2.3.4 5", "candidate:1 1 udp 1 1.2.3.4 5 typ", "candidate:1 1 udp 1 1.2.3.4 5 typ guess",
        "candidate:1 1 udp 1 1.2.3.4 65536 typ host", "candidate:1 1 udp -1 1.2.3.4 5 typ host", "candidate:1 0 udp 1 1.2.3.4 5 typ host",
        "candidate:1 257 udp 1 1.2.3.4 5 typ host", "candidate:1 1 udp 4294967296 1.2.3.4 5 typ host",
        "candidate:123456789012345678901234567890123 1 udp 1 1.2.3.4 5 typ host", "candidate:1 1 udp 1 fe80::1%eth0 5 typ host",
        "candidate:1 1 udp 1 a/b 5 typ host", "candidate:1 1 udp 1 1.2.3.4 5 is host", "candidat:1 1 udp 1 1.2.3.4 5 typ host",
    ]) func othersAreNone(_ line: String) {
        #expect(candidate(line) == nil)
    }

    @Test func tooLongOnesAreNone() {
        #expect(candidate("candidate:1 1 udp 1 1.2.3.4 5 typ host" + String(repeating: " a b", count: 100)) != nil)
        #expect(candidate("candidate:1 1 udp 1 1.2.3.4 5 typ host" + String(repeating: " a b", count: 200)) == nil)
        #expect(candidate("candidate:1 1 udp 1 " + String(repeating: "x", count: 254) + " 5 typ host") == nil)
    }
}
