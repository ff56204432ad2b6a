import CausewayRuntime
import CausewayTLS
import Foundation
import Testing

@testable import Causeway

@Suite("Certificate files") struct CertificateFileTests {
    private let now: Int64 = 1_800_000_000
    private let folder = NSTemporaryDirectory() + "certificates-" + UUID().uuidString

    private func inFolder(_ body: (String) throws -> Void) throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try body(folder + "/key")
    }

    private func mode(_ path: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    }

    @Test func keptBesideTheKeyAndPrivate() throws {
        try inFolder { key in
            let identity = Configuration.Identity.file(path: key)
            let first = try identity.certificates(now: now)
            #expect(try mode(key + ".certificates") == 0o600)
            #expect(try identity.certificates(now: now + 1000).fingerprints == first.fingerprints)
            try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: key + ".certificates")
            #expect(throws: NodeError.self) { try identity.certificates(now: now) }
        }
    }

    @Test func theAddressSurvivesARestart() async throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let key = Configuration.Identity.file(path: folder + "/key")
        let direct = try configuration(listen: ["/ip4/127.0.0.1/udp/0/webrtc-direct"]) { $0.identity = key }
        let kept = try key.certificates(now: WallClock.unixSeconds()).shown.fingerprint.digest
        for _ in 0..<2 {
            try await withNodes([direct]) { nodes in
                let addresses = await nodes[0].addresses
                let address = try #require(addresses.first)
                #expect(address.transport == .webRTCDirect && address.certificateHash == kept)
            }
        }
    }

    @Test func whoDoesNotListenByWebRTCHasNoFile() throws {
        try inFolder { key in
            var configuration = Configuration()
            configuration.identity = .file(path: key)
            let plan = try ListenPlan(configuration, now: now)
            #expect(plan.certificates == nil)
            #expect(!FileManager.default.fileExists(atPath: CertificateFile.path(besideKey: key)))
        }
    }

    @Test func renewedInTheFile() throws {
        try inFolder { key in
            let path = CertificateFile.path(besideKey: key)
            let first = try CertificateFile.readOrMake(path, now: now)
            let late = first.shown.expires - 100 * 86_400
            let both = try CertificateFile.readOrMake(path, now: late)
            #expect(both.fingerprints.count == 2 && both.shown.fingerprint == first.shown.fingerprint)
            #expect(try CertificateFile.readOrMake(path, now: late).fingerprints == both.fingerprints)
            #expect(try mode(path) == 0o600)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["key.certificates"], "nothing else is left")
            let next = try CertificateFile.readOrMake(path, now: first.shown.expires)
            #expect(next.shown.fingerprint == both.successor?.fingerprint)
        }
    }

    @Test func renewedWhileTheNodeRuns() throws {
        try inFolder { key in
            let identity = Configuration.Identity.file(path: key)
            let first = try identity.certificates(now: now)
            let both = try #require(try first.renewed(now: first.shown.expires - 100 * 86_400))
            #expect(identity.keep(both))
            #expect(try identity.certificates(now: now).fingerprints == both.fingerprints && mode(key + ".certificates") == 0o600)
            try FileManager.default.removeItem(atPath: folder)
            #expect(!identity.keep(first))
            #expect(Configuration.Identity.ephemeral.keep(first), "there is nothing to keep it for")
        }
    }

    @Test func otherFilesAreRefused() throws {
        try inFolder { key in
            let path = CertificateFile.path(besideKey: key)
            _ = try KeyFile.readOrMake(path)
            #expect {
                try CertificateFile.readOrMake(path, now: now)
            } throws: { error in
                guard case .file(path, "no private key followed by its certificate in PEM") = error as? NodeError else { return false }
                return true
            }
        }
    }

    @Test func aKeyWithoutAFileHasFreshCertificates() throws {
        let (one, two) = (Configuration.Identity.ephemeral, Configuration.Identity.key(.random()))
        #expect(try one.certificates(now: now).fingerprints != two.certificates(now: now).fingerprints)
    }
}
