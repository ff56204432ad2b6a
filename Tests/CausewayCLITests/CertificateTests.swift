import Causeway
import Foundation
import Testing

@testable import CausewayCLI

@Suite("The relay's certificate") struct CertificateTests {
    /// Makes a certificate that ends in so many days, and its key.
    private func write(_ days: Int, to folder: ScratchFolder) throws {
        let script = """
            cd '\(folder.path)' && openssl ecparam -genkey -name prime256v1 -noout -out key.pem &&
            openssl req -new -key key.pem -subj /CN=relay.example -out request.csr &&
            printf 'subjectAltName=DNS:relay.example,DNS:*.relay.example,IP:192.0.2.1' > names &&
            openssl x509 -req -in request.csr -signkey key.pem -days \(days) -extfile names -out cert.pem
            """
        let run = try CommandRun(["-c", script], of: URL(fileURLWithPath: "/bin/sh"))
        try #require(run.status == 0, "\(run)")
    }

    private func relay(_ folder: ScratchFolder, _ more: [String]) throws -> PeerProcess {
        try PeerProcess(
            [], of: CommandRun.executable,
            [
                "relay", "--ephemeral", "--loops", "1", "--listen", "/ip4/127.0.0.1/tcp/0/tls/ws", "--cert", folder.path + "/cert.pem",
                "--cert-key", folder.path + "/key.pem",
            ] + more)
    }

    @Test func isToldOfAtTheStartAndAfterEachReload() throws {
        let folder = try ScratchFolder()
        try write(400, to: folder)
        let relay = try relay(folder, ["--json"])
        let first = try relay.event("certificate")
        #expect(first["names"] as? [String] == ["relay.example", "*.relay.example", "192.0.2.1"])
        let end = Date(timeIntervalSince1970: TimeInterval(try #require(first["expires"] as? Int)))
        #expect(abs(end.timeIntervalSinceNow - 400 * 86400) < 3600 && first["warning"] == nil && first["reloaded"] as? Bool == false)
        for (days, words) in [(3, "expires in "), (-1, "has expired")] {
            try write(days, to: folder)
            relay.hangUp()
            let next = try relay.event("certificate")
            #expect((next["warning"] as? String)?.contains(words) == true && next["reloaded"] as? Bool == true, "\(next)")
        }
        relay.stop()
        let errors = relay.end().errors
        #expect(errors.contains("causeway: warning: the certificate expires in "), "\(errors)")
        #expect(errors.contains("causeway: warning: the certificate has expired ("), "\(errors)")
    }

    @Test func thatHasExpiredIsWarnedOf() throws {
        let folder = try ScratchFolder()
        try write(-1, to: folder)
        let relay = try relay(folder, ["--json"])
        #expect((try relay.event("certificate")["warning"] as? String)?.contains("has expired") == true)
    }

    @Test func thatNobodyIsShownIsWarnedOf() throws {
        let folder = try ScratchFolder()
        try write(400, to: folder)
        for (listen, isUnused) in [("/ip4/127.0.0.1/tcp/0/ws", true), ("/ip4/127.0.0.1/tcp/0/tls/ws", false)] {
            let relay = try PeerProcess(
                [], of: CommandRun.executable,
                [
                    "relay", "--json", "--ephemeral", "--loops", "1", "--listen", listen, "--cert", folder.path + "/cert.pem",
                    "--cert-key", folder.path + "/key.pem",
                ])
            _ = try relay.event("certificate")
            relay.stop()
            let errors = relay.end().errors
            #expect(errors.contains("no address uses the certificate") == isUnused, "\(errors)")
        }
    }

    @Test func whoseFilesAreWrongIsToldWhichOne() throws {
        let folder = try ScratchFolder()
        let other = try ScratchFolder()
        for one in [folder, other] { try write(400, to: one) }
        let certificate = folder.path + "/cert.pem"
        func run(_ key: String, _ certificate: String) throws -> CommandRun {
            try CommandRun(["relay", "--listen", "/ip4/127.0.0.1/tcp/0/tls/ws", "--cert", certificate, "--cert-key", key])
        }
        let none = folder.path + "/none.pem"
        #expect(try run(folder.path + "/key.pem", none).errors == "causeway: \(none): No such file or directory\n")
        #expect(try run(none, certificate).errors == "causeway: \(none): No such file or directory\n")
        let key = other.path + "/key.pem"
        #expect(try run(key, certificate).errors == "causeway: \(key): the key does not belong to the certificate in \(certificate)\n")
        let bare = try CommandRun(["relay", "--listen", "/ip4/127.0.0.1/tcp/0/tls/ws"])
        #expect(bare.status == 1 && bare.isOneClearLine && bare.errors.contains("(--cert, --cert-key)"), "\(bare)")
    }

    @Test func ageInWords() {
        func age(_ left: Int64) -> CertificateAge {
            CertificateAge(CertificateSummary(names: [], expires: 1_800_000_000 + left), now: 1_800_000_000)
        }
        #expect(age(86400 * 8).description == "until 2027-01-23 08:00 UTC" && age(86400 * 8).warning == nil)
        #expect(age(86400 * 7).warning == "the certificate expires in 7 days (2027-01-22 08:00 UTC)")
        #expect(age(60).warning?.contains("in less than a day") == true)
        #expect(age(0).description == "expired since 2027-01-15 08:00 UTC" && age(0).warning?.contains("has expired") == true)
    }
}
