import CausewayConnection
import CausewayNode
import Testing

@testable import Causeway

/// The API's defaults are the core's: neither has a number of its own.
@Suite struct DefaultsTests {
    @Test func aRelaysLimits() { #expect(Configuration.RelayService().limits == RelayLimits()) }

    @Test func gossip() throws { try expectEqual(Configuration.PubSub().core, GossipSubConfiguration()) }

    /// A message's id may be a function, which compares with nothing.
    private func expectEqual(_ one: GossipSubConfiguration?, _ other: GossipSubConfiguration?) throws {
        let (one, other) = (try #require(one), try #require(other))
        #expect(one.parameters == other.parameters && one.limits == other.limits && one.carries == other.carries)
        #expect(one.floodPublish == other.floodPublish && one.allowsLimited == other.allowsLimited && one.signed == other.signed)
        guard case (.learnt, .learnt) = (one.messageID, other.messageID) else {
            Issue.record("\(one.messageID), \(other.messageID)")
            return
        }
        // The one exception: an application wants to hear that nobody is there, as a page does.
        #expect(one.requireSubscribers && !other.requireSubscribers)
    }

    @Test func discovery() throws {
        var configuration = Configuration()
        configuration.discovery = [.pubsub, .json]
        let core = try configuration.core(key: configuration.identity.key())
        #expect(core.discovery == [.protobuf, .json])
    }

    @Test func aNode() throws {
        let configuration = Configuration()
        let core = try configuration.core(key: configuration.identity.key())
        let standard = NodeConfiguration(identity: core.identity, seed: core.seed, unixEpoch: core.unixEpoch)
        #expect(
            core.limits == standard.limits && core.agent == standard.agent && core.protocolVersion == standard.protocolVersion
                && core.announce == standard.announce)
        #expect(core.relay == standard.relay && core.relayClient == standard.relayClient)
        try expectEqual(core.gossip, standard.gossip)
        #expect(core.discovery == standard.discovery && core.allowsLocalHearsay == standard.allowsLocalHearsay)
    }

    @Test func limitsReachTheShell() throws {
        var configuration = Configuration()
        #expect(try configuration.shell().webRTCLimits == WebRTCLimits())
        configuration.webRTCLimits.newcomers.perSecond = 7
        configuration.webRTCLimits.associations.strangers = 8
        configuration.webRTCLimits.stun.burst = 9
        #expect(try configuration.shell().webRTCLimits == configuration.webRTCLimits)
    }

    /// `fit` lowers limits only as far as descriptors demand it.
    @Test func withDescriptorsInPlentyNothingIsLowered() {
        var configuration = Configuration()
        configuration.fit(descriptors: 1 << 20)
        #expect(configuration.limits == NodeLimits() && configuration.pageLimits == PageLimits())
    }
}
