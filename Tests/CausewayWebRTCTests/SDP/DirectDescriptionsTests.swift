import CausewayIdentity
import Testing

@testable import CausewayWebRTC

private let fingerprint = CertificateFingerprint(certificate: [1])
private let server = CertificateFingerprint(certificate: [2])

private func describe(
    _ text: String, hash: CertificateFingerprint? = server, _ version: DirectVersion = .one
) throws -> DirectDescriptions {
    let suffix = hash.map { "/certhash/" + String(decoding: $0.certhash, as: UTF8.self) } ?? ""
    return try DirectDescriptions(
        dialling: try Multiaddr(text: Array((text + suffix).utf8)), version, secret: [UInt8](repeating: 3, count: 32),
        fingerprint: fingerprint)
}

@Suite("Descriptions of a dial by webrtc-direct") struct DirectDescriptionsTests {
    @Test(arguments: ["/ip4/192.0.2.80/udp/9090/webrtc-direct", "/ip6/2001:db8::80/udp/9090/webrtc-direct"])
    func areMadeOfTheAddress(_ text: String) throws {
        let both = try describe(text)
        #expect(both.answer.credentials == both.offer.credentials && both.answer.credentials.fragment == both.answer.credentials.password)
        #expect(both.answer.credentials.fragment.starts(with: Array("libp2p+webrtc+v1/".utf8)))
        #expect(both.answer.isLite && both.answer.setup == .passive && both.answer.fingerprints == [server])
        #expect(both.offer.fingerprints == [fingerprint] && both.offer.setup == .active)
        #expect(both.answer.candidates.count == 1 && both.answer.candidates[0].line.contains(UInt8(ascii: "9")))
        // A browser that gets the texts reads the same.
        #expect(try read(.answer, both.answer.text) == both.answer)
        #expect(try read(.offer, both.offer.text) == both.offer)
    }

    @Test func versionTwoCarriesTheDiallersPassword() throws {
        let both = try describe("/ip4/192.0.2.80/udp/9090/webrtc-direct", .two)
        #expect(both.answer.credentials.fragment == Array("libp2p+webrtc+v2/".utf8) + both.offer.credentials.password)
        #expect(both.offer.credentials.fragment.count == 8)
    }

    @Test func everyCertificateOfTheAddressWillDo() throws {
        let other = CertificateFingerprint(certificate: [3])
        let suffix = "/certhash/" + String(decoding: other.certhash, as: UTF8.self)
        let both = try describe("/ip4/192.0.2.80/udp/9090/webrtc-direct" + suffix)
        #expect(both.answer.fingerprints == [other, server])
        #expect(try read(.answer, both.answer.text) == both.answer)
    }

    @Test func otherAddressesAreRefused() {
        for text in [
            "/ip4/192.0.2.80/udp/9090/quic-v1", "/dns4/example.org/udp/9090/webrtc-direct", "/ip4/192.0.2.80/udp/0/webrtc-direct",
            "/ip4/192.0.2.80/tcp/9090",
        ] {
            #expect(throws: DirectAddressError.notDialable) { try describe(text, hash: nil) }
        }
        #expect(throws: DirectAddressError.noCertificateHash) { try describe("/ip4/192.0.2.80/udp/9090/webrtc-direct", hash: nil) }
    }
}
