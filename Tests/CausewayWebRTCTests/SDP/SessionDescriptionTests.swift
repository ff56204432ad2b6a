import CausewayIdentity
import Testing

@testable import CausewayWebRTC

func read(_ text: String) throws -> SessionDescription { try read(.offer, text) }

func read(_ kind: SessionDescription.Kind, _ text: String) throws -> SessionDescription { try read(kind, Array(text.utf8)) }

func read(_ kind: SessionDescription.Kind, _ text: [UInt8]) throws -> SessionDescription {
    try text.withUnsafeBytes { try SessionDescription(kind, parsing: $0) }
}

private let digits = (0..<32).map { _ in "AB" }.joined(separator: ":")
private let fingerprint = CertificateFingerprint(digest: [UInt8](repeating: 0xab, count: 32))!
private let password = "0123456789abcdefghijkl"

/// The least that is enough.
private func least(_ changes: (from: String, to: String)...) -> String {
    var text = """
        v=0
        m=application 9 UDP/DTLS/SCTP webrtc-datachannel
        a=ice-ufrag:abcd
        a=ice-pwd:\(password)
        a=fingerprint:sha-256 \(digits)
        a=setup:active

        """
    for change in changes { text = text.split(separator: change.from, omittingEmptySubsequences: false).joined(separator: change.to) }
    return text
}

private func fault(_ text: String) -> SDPError? { fault(.offer, text) }

private func fault(_ kind: SessionDescription.Kind, _ text: String) -> SDPError? {
    do {
        _ = try read(kind, text)
        return nil
    } catch { return error as? SDPError }
}

@Suite("Session descriptions") struct SessionDescriptionTests {
    @Test func whatIsWrittenIsRead() throws {
        var description = SessionDescription(
            ICECredentials(secret: [1]), fingerprints: [fingerprint, CertificateFingerprint(certificate: [1])], setup: .either)
        description.candidates = [candidate("candidate:1 1 udp 5 1.2.3.4 5 typ host")!, candidate("candidate:2 1 udp 4 ::1 6 typ srflx")!]
        description.hasAllCandidates = true
        description.largestMessage = 262_144
        description.sctpPort = 5001
        description.mediaName = Array("data".utf8)
        description.initiation = AssociationEnd(seed: 1).association.initiation
        #expect(try read(.offer, description.text) == description)
        description.isLite = true
        description.setup = .passive
        description.hasAllCandidates = false
        #expect(try read(.answer, description.text) == description)
        let text = String(decoding: description.text, as: UTF8.self)
        #expect(text.hasSuffix("\r\n") && !text.contains("\r\n\r\n") && text.contains("\r\na=group:BUNDLE data\r\n"))
    }

    /// The example of draft-hancke-tsvwg-snap, which is Chromium's.
    @Test func anInitiationIsAnINITChunkInBase64() throws {
        let line = "a=sctp-init:AQAAHols3R0AUAAA/////+B5ZR3AAAAEgAgABoLA"
        let chunk = try #require(try read(least() + line + "\n").initiation)
        #expect(chunk.count == 30 && InitiationChunk(signalled: chunk)?.tag == 0x896c_dd1d)
        #expect(try read(.answer, least() + line + "\r\n").initiation == chunk)
        #expect(try read(least()).initiation == nil)
        let noTag = chunk[..<4] + [0, 0, 0, 0] + chunk[8...]
        let long = String(repeating: "A", count: 4 * 300)
        let texts = ["", "AQAAHols3R0", "=", "AQAAHols3R0AUAAA/////+B5ZR3AAAAEgAgABoL*", long]
        for bad in texts + [Array(noTag), [2] + Array(chunk[1...]), chunk + chunk].map(text) {
            #expect(fault(least() + "a=sctp-init:\(bad)\n") == .badInitiation, "\(bad)")
        }
    }

    private func text(_ chunk: some Sequence<UInt8>) -> String { String(decoding: Base64.encode(Array(chunk)), as: UTF8.self) }

    @Test func browsersOffersAreRead() throws {
        let chromium = try read(SDPSamples.chromium)
        #expect(chromium.credentials == ICECredentials(fragment: Array("kB3q".utf8), password: Array("Zx8Jm2+8gk4D0XrW9tq7VbNu".utf8)))
        #expect(chromium.setup == .either && chromium.sctpPort == 5000 && chromium.largestMessage == 262_144 && !chromium.isLite)
        #expect(chromium.fingerprints.count == 1 && chromium.mediaName == Array("0".utf8) && chromium.candidates.isEmpty)
        let firefox = try read(SDPSamples.firefox)
        #expect(firefox.credentials.fragment == Array("7bd1b4ee".utf8) && firefox.fingerprints == chromium.fingerprints)
        #expect(firefox.largestMessage == 1_073_741_823 && firefox.candidates.map(\.transport) == [.udp, .tcp] && firefox.hasAllCandidates)
    }

    @Test func whatIsMissingHasADefault() throws {
        let one = try read(least())
        #expect(one.sctpPort == 5000 && one.largestMessage == 65_536 && one.candidates.isEmpty && !one.hasAllCandidates)
        #expect(try read(.offer, least(("a=setup:active\n", ""))).setup == .either)
        #expect(try read(.answer, least(("a=setup:active\n", ""))).setup == .active)
        #expect(try read(least(("UDP/DTLS/SCTP webrtc-datachannel", "DTLS/SCTP 5000"))).sctpPort == 5000)
    }

    /// Session or media level, LF or CRLF, several fingerprints, other media.
    @Test func theSameMayStandElsewhere() throws {
        let plain = try read(least())
        let lines = least().split(separator: "\n")
        let session = ([lines[0]] + lines[2...] + [lines[1]]).joined(separator: "\r\n")
        #expect(try read(session) == plain)
        let several = least(("a=fingerprint:", "a=fingerprint:sha-1 00:11\na=fingerprint:md5 x\na=fingerprint:sha-512 00\na=fingerprint:"))
        #expect(try read(several) == plain)
        let lower = least(("sha-256 \(digits)", "SHA-256 \(digits.lowercased())"))
        #expect(try read(lower) == plain)
        let media = least(("m=application", "m=audio 9 UDP/TLS/RTP/SAVPF 111\na=ice-ufrag:wrong\na=setup:passive\nm=application"))
        #expect(try read(media + "m=video 9 UDP/TLS/RTP/SAVPF 96\na=ice-ufrag:other\n") == plain)
        #expect(try read(least(("v=0", "v=0\nx\n\n=\na=\na=unknown:7\nz=0 0\u{0}"))) == plain)
        // The media's own counts more than the session's.
        #expect(try read(least(("v=0", "v=0\na=ice-ufrag:wrong\na=ice-pwd:wrong"))) == plain)
    }

    /// Of peers that take part in it; others write no such line, and skip it.
    @Test func hardNATsAreALineOfTheirOwn() throws {
        var own = try read(least())
        #expect(!own.passesHardNATs && !String(decoding: own.text, as: UTF8.self).contains("hard"))
        own.passesHardNATs = true
        let text = String(decoding: own.text, as: UTF8.self)
        #expect(text.contains("\r\na=causeway-hard-nats\r\n"))
        #expect(try read(text) == own)
        #expect(try !read(least() + "a=causeway-hard-nats:0\na=hard-nats\n").passesHardNATs)
        #expect(try !read(least() + "m=audio 9 UDP/TLS/RTP/SAVPF 111\na=causeway-hard-nats\n").passesHardNATs)
    }

    @Test func whatCannotBeUsedIsRefused() {
        #expect(fault("") == .noDataChannels && fault("hello") == .noDataChannels)
        #expect(fault(least(("application 9", "application 0"))) == .noDataChannels)
        #expect(fault(least(("application", "audio"))) == .noDataChannels)
        #expect(fault(least(("ice-ufrag:abcd", "ice-ufrag:abc"))) == .badCredentials)
        #expect(fault(least(("ice-ufrag:abcd", "ice-ufrag:" + String(repeating: "x", count: 257)))) == .badCredentials)
        #expect(fault(least(("ice-ufrag:abcd", "ice-ufrag:ab:d"))) == .badCredentials)
        #expect(fault(least((password, String(password.dropLast())))) == .badCredentials)
        #expect(fault(least(("a=ice-pwd", "a=pwd"))) == .badCredentials)
        #expect(fault(least(("sha-256", "sha-384"))) == .noFingerprint && fault(least(("AB:", ""))) == .noFingerprint)
        #expect(fault(least(("active", "holdconn"))) == .badSetup && fault(.answer, least(("active", "actpass"))) == .badSetup)
        #expect(fault(least() + "a=sctp-port:0\n") == .badNumber && fault(least() + "a=sctp-port:65536\n") == .badNumber)
        #expect(fault(least() + "a=max-message-size:-1\n") == .badNumber)
        #expect(fault(least() + "a=max-message-size:18446744073709551616\n") == .badNumber)
    }

    @Test func anAnswerFitsItsOffer() throws {
        var offer = try read(SDPSamples.firefox)
        let answer = SessionDescription(answering: offer, ICECredentials(secret: [2]), fingerprint: fingerprint)
        #expect(answer.setup == .active && answer.mediaName == offer.mediaName)
        offer.setup = .active
        #expect(SessionDescription(answering: offer, ICECredentials(secret: [2]), fingerprint: fingerprint).setup == .passive)
    }
}

@Suite("Hostile descriptions") struct SDPAttackTests {
    @Test func aMegabyteIsNotRead() {
        #expect(fault(least() + String(repeating: "a=x\n", count: 262_144)) == .tooLong)
    }

    @Test func sixtyFourKilobytesCostLittle() throws {
        let room = SDPLimits().size - least().utf8.count
        let line = "a=candidate:1 1 udp 1 1.2.3.4 5 typ host\n"
        let description = try read(least() + String(repeating: line, count: room / line.utf8.count))
        #expect(description.candidates.count == SDPLimits().candidates)
        let prints = "a=fingerprint:sha-256 \(digits)\n"
        #expect(
            try read(least() + String(repeating: prints, count: room / prints.utf8.count)).fingerprints.count == SDPLimits().fingerprints)
        _ = try read(least() + String(repeating: "\n", count: room))
        _ = try read(least() + String(repeating: "a", count: room))
        let name = try read(least(("a=setup", "a=mid:" + String(repeating: "x", count: 33) + "\na=setup")))
        #expect(name.mediaName == Array("0".utf8))
        #expect(try read(least() + "a=mid:a\rb=c\n").mediaName == Array("0".utf8))
    }

    @Test func changedAndRandomTextNeverTraps() {
        var dice = Dice(seed: 8866)
        let samples = [Array(SDPSamples.chromium.utf8), Array(SDPSamples.firefox.utf8), Array(least().utf8)]
        for _ in 0..<5000 {
            var text = samples[dice.below(samples.count)]
            for _ in 0...dice.below(8) {
                let place = dice.below(text.count)
                switch dice.below(3) {
                case 0: text[place] = UInt8(truncatingIfNeeded: dice.next())
                case 1: text.remove(at: place)
                default: text.insert(contentsOf: dice.bytes(dice.below(5)), at: place)
                }
            }
            if let read = try? read(.offer, text) { #expect(read.credentials.fragment.count >= 4 && !read.fingerprints.isEmpty) }
            let noise = dice.bytes(dice.below(300))
            #expect((try? CausewayWebRTCTests.read(.offer, noise)) == nil)
            var line = Array("candidate:1 1 udp 2113937151 192.168.1.7 45342 typ host raddr ::1 rport 0 ufrag wZ/B".utf8)
            for _ in 0...dice.below(4) { line[dice.below(line.count)] = UInt8(truncatingIfNeeded: dice.next()) }
            if let candidate = line.withUnsafeBytes({ ICECandidate(line: $0) }) {
                #expect(candidate.line.withUnsafeBytes { ICECandidate(line: $0) } != nil || candidate.transport != .udp)
            }
        }
    }
}
