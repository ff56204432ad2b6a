import CausewayIdentity
import CausewayWebRTC
import Testing

@testable import CausewayTLS

@Suite struct DTLSCertificatesTests {
    private let now: Int64 = 1_800_000_000
    private let day: Int64 = 86_400

    @Test func pemKeepsKeysAndFingerprints() throws {
        let one = try DTLSCertificates(now: now)
        let two = try #require(try one.renewed(now: one.shown.expires - 100 * day))
        #expect(one.fingerprints.count == 1 && two.fingerprints.count == 2)
        for certificates in [one, two] {
            let read = try #require(DTLSCertificates(pem: try certificates.pem()))
            #expect(read.fingerprints == certificates.fingerprints)
            #expect(read.shown.expires == certificates.shown.expires)
            let pair = try DTLSPair(
                clientTrusts: .fingerprints([certificates.shown.fingerprint]), server: try DTLSContext(read.shown))
            pair.run()
            #expect(pair.bothAre(.established))
        }
    }

    @Test func whatIsNoPEM() throws {
        let one = try DTLSCertificates(now: now).pem()
        let other = try DTLSCertificates(now: now).pem()
        let text = String(decoding: one, as: UTF8.self)
        let certificate = String(text[text.firstRange(of: "-----BEGIN CERTIFICATE")!.lowerBound...])
        let otherText = String(decoding: other, as: UTF8.self)
        let otherKey = String(otherText[..<otherText.firstRange(of: "-----BEGIN CERTIFICATE")!.lowerBound])
        for bad in [
            "", "nothing", certificate, String(text.prefix(300)), otherKey, otherKey + certificate, text + otherKey,
            text + text + text,
        ] {
            #expect(DTLSCertificates(pem: Array(bad.utf8)) == nil)
        }
    }

    /// What was advertised is shown until it ends, and what is shown was advertised for a year.
    @Test func aSuccessorIsAdvertisedLongBeforeItIsShown() throws {
        let first = try DTLSCertificates(now: now)
        let end = first.shown.expires
        #expect(end == now + DTLSCertificates.lifetime)
        #expect(try first.renewed(now: now) == nil)
        #expect(try first.renewed(now: end - DTLSCertificates.successorTime - 1) == nil)
        let both = try #require(try first.renewed(now: end - DTLSCertificates.successorTime))
        #expect(both.shown.fingerprint == first.shown.fingerprint)
        let successor = try #require(both.successor)
        #expect(both.fingerprints == [first.shown.fingerprint, successor.fingerprint])
        #expect(try both.renewed(now: end - DTLSCertificates.retirementTime - 1) == nil)
        let next = try #require(try both.renewed(now: end - DTLSCertificates.retirementTime))
        #expect(next.fingerprints == [successor.fingerprint])
        #expect(try next.renewed(now: end) == nil)
    }

    @Test func aPeerThatSleptForDecades() throws {
        let first = try DTLSCertificates(now: now)
        let late = first.shown.expires + 9000 * day
        let next = try #require(try first.renewed(now: late))
        #expect(next.fingerprints.count == 1 && next.shown.expires == late + DTLSCertificates.lifetime)
        let both = try #require(try first.renewed(now: first.shown.expires - 300 * day))
        let afterBoth = try #require(try both.renewed(now: late))
        #expect(afterBoth.shown.expires == late + DTLSCertificates.lifetime && afterBoth.fingerprints.count == 1)
    }
}
