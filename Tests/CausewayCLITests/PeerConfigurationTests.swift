import Foundation
import Testing

@Suite("The test peer's configuration") struct PeerConfigurationTests {
    @Test(arguments: [
        ("[]", "the configuration: expected an object, got a list"),
        (#"{"seed": "seven"}"#, "seed: expected a whole number from"), (#"{"seed": "seven"}"#, "got the text 'seven'"),
        (#"{"listen": "/ip4/127.0.0.1/tcp/0"}"#, "listen: expected a list of texts, got the text '/ip4/127.0.0.1/tcp/0'"),
        (#"{"listen": [1]}"#, "listen[0]: expected a text, got 1"), (#"{"listen": ["x"]}"#, "listen: 'x' is no multiaddr"),
        (#"{"listen": ["/ip4/127.0.0.1/tcp/1/p2p-circuit"]}"#, "must name its relay"),
        (#"{"relay": true}"#, "relay: expected an object, got true"),
        (#"{"relay": {"ttl": -1}}"#, "relay.ttl: expected a whole number from 0 to 1073741824, got -1"),
        (#"{"relay": {"limited": 1}}"#, "relay.limited: expected true or false, got 1"),
        (#"{"pubsub": {"enabled": "yes"}}"#, "pubsub.enabled: expected true or false, got the text 'yes'"),
        (#"{"pubsub": {"enabled": true, "params": {"D": 1.5}}}"#, "pubsub.params.D: expected a whole number from 0 to 1073741824, got 1.5"),
        (#"{"discovery": {"format": "xml"}}"#, "discovery.format: expected protobuf or json, got 'xml'"),
        (#"{"maxSeconds": 0}"#, "maxSeconds: expected a whole number from 1 to 1000000, got 0"),
    ])
    func whatIsWrongIsNamed(line: String, expected: String) throws {
        let peer = try PeerProcess([line])
        #expect((try peer.event("error")["error"] as? String)?.contains(expected) == true)
        #expect(peer.end().status == 1)
    }

    /// It reserves when the relay is there.
    @Test func aPeerStartsWhileItsRelayIsAway() throws {
        let seeded = try PeerProcess([#"{"seed": 77, "listen": ["/ip4/127.0.0.1/tcp/0"], "relay": {}}"#])
        let address = try #require((seeded.event("ready")["addrs"] as? [String])?.first)
        seeded.stop()
        _ = seeded.end()
        let peer = try PeerProcess([#"{"listen": ["\#(address)/p2p-circuit"]}"#])
        #expect((try peer.event("ready")["addrs"] as? [String])?.isEmpty == true)
        let bare = try #require(address.components(separatedBy: "/p2p/").first)
        let relay = try PeerProcess([#"{"seed": 77, "listen": ["\#(bare)"], "relay": {}}"#])
        _ = try relay.event("ready")
        while try peer.event("reservation")["state"] as? String != "made" {}
    }
}
