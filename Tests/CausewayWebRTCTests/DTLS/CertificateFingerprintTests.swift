import CausewayIdentity
import CausewayWebRTC
import Testing

@Suite struct CertificateFingerprintTests {
    private let digest = (0..<32).map { UInt8($0 * 8 + 5) }
    private let sdp =
        "sha-256 05:0D:15:1D:25:2D:35:3D:45:4D:55:5D:65:6D:75:7D:85:8D:95:9D:A5:AD:B5:BD:C5:CD:D5:DD:E5:ED:F5:FD"

    @Test func threeForms() throws {
        let fingerprint = try #require(CertificateFingerprint(digest: digest))
        #expect(fingerprint.sdp == Array(sdp.utf8))
        #expect(fingerprint.multihash == [0x12, 0x20] + digest)
        #expect(CertificateFingerprint(sdp: Array(sdp.utf8)) == fingerprint)
        #expect(CertificateFingerprint(multihash: fingerprint.multihash) == fingerprint)
        #expect(CertificateFingerprint(certhash: fingerprint.certhash) == fingerprint)
    }

    /// The client's fingerprint in the test vector of libp2p/specs webrtc/webrtc-direct.md, and the multihash that its Noise prologue has.
    @Test func theSpecificationsClient() throws {
        let text = "sha-256 3e:79:af:40:d6:05:96:17:a0:d8:3b:83:a5:2c:e7:3b:0c:1f:37:a7:2c:60:43:ad:29:69:e2:35:1b:dc:a8:70"
        let fingerprint = try #require(CertificateFingerprint(sdp: Array(text.utf8)))
        #expect(fingerprint.multihash.prefix(6) == [0x12, 0x20, 0x3e, 0x79, 0xaf, 0x40])
        let address = try Multiaddr("/ip4/192.0.2.1/udp/9/webrtc-direct/certhash/" + String(decoding: fingerprint.certhash, as: UTF8.self))
        #expect(address.certificateHash == fingerprint.digest)
    }

    @Test func sdpInAnyCase() {
        #expect(CertificateFingerprint(sdp: Array("SHA-256\(sdp.dropFirst(7).lowercased())".utf8))?.digest == digest)
    }

    @Test func whatIsNoFingerprint() {
        let bad = [
            "", "sha-256", "sha-1 " + sdp.dropFirst(8), "sha-256 " + sdp.dropFirst(11), sdp + ":00", sdp.replacing(":", with: "-"),
            sdp.replacing("0D", with: "0G"), "sha-256\t" + sdp.dropFirst(8), "sha\u{0d}256" + sdp.dropFirst(7),
        ]
        for text in bad { #expect(CertificateFingerprint(sdp: Array(text.utf8)) == nil, "\(text)") }
        for certhash in ["", "u", "uEiA", "zQm", "fffff", String(repeating: "z", count: 5000)] {
            #expect(CertificateFingerprint(certhash: Array(certhash.utf8)) == nil, "\(certhash)")
        }
        #expect(CertificateFingerprint(digest: Array(digest.dropLast())) == nil)
        #expect(CertificateFingerprint(multihash: [0x13, 0x20] + digest) == nil)
        #expect(CertificateFingerprint(multihash: [0x12, 0x20] + digest + [1]) == nil)
    }

    @Test func trust() throws {
        let one = try #require(CertificateFingerprint(digest: digest))
        let other = CertificateFingerprint(certificate: [1, 2, 3])
        #expect(DTLSTrust.anyone.accepts(one))
        #expect(DTLSTrust.fingerprints([other, one]).accepts(one) && !DTLSTrust.fingerprints([other]).accepts(one))
        #expect(!DTLSTrust.fingerprints([]).accepts(one))
    }
}
