import Causeway
import Testing

@testable import CausewayCLI

@Suite struct AnnounceAdviceTests {
    private func advice(_ texts: String...) throws -> String? { AnnounceAdvice(try texts.map { try Multiaddr($0) })?.description }

    @Test func aRelayInItsOwnNetworkIsToldWhatToAnnounce() throws {
        let told = try #require(
            try advice(
                "/ip4/127.0.0.1/tcp/4001", "/ip4/172.31.0.5/tcp/4001", "/ip4/172.31.0.5/tcp/4002/ws", "/ip6/fe80::1/tcp/4001",
                "/ip4/172.31.0.5/udp/4001/webrtc-direct/certhash/uEiAkH5a4DPGKUuOBjYw0CgwjvcJCJMD2K_1aluKR_tpevQ"))
        #expect(
            told.hasSuffix(
                "start with --announce /ip4/PUBLIC-ADDRESS/tcp/4001 --announce /ip4/PUBLIC-ADDRESS/tcp/4002/ws "
                    + "--announce /ip4/PUBLIC-ADDRESS/udp/4001/webrtc-direct"))
        #expect(!told.contains("\n") && !told.contains(". "))
    }

    @Test func aRelayBehindAProxyOfItsMachineIsToldSo() throws {
        let told = try #require(try advice("/ip4/127.0.0.1/tcp/4001", "/ip4/127.0.0.1/tcp/4002/ws", "/ip6/::1/tcp/4001"))
        #expect(told.hasPrefix("only this machine reaches these addresses") && told.hasSuffix("--announce /dns4/NAME/tcp/443/tls/ws"))
    }

    @Test func aRelayThatOthersReachIsNot() throws {
        #expect(try advice() == nil)
        #expect(try advice("/ip4/127.0.0.1/tcp/4001", "/ip4/198.51.100.1/tcp/4001") == nil)
        #expect(try advice("/dns4/relay.example/tcp/443/wss") == nil)
    }
}
