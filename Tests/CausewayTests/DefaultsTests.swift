import CausewayConnection
import CausewayNode
import Testing

@testable import Causeway

/// The API's defaults are the core's: neither has a number of its own.
@Suite struct DefaultsTests {
    @Test func aRelaysLimits() { #expect(Configuration.RelayService().limits == RelayLimits()) }

    @Test func gossip() { #expect(Configuration.PubSub().core == GossipSubConfiguration()) }

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
        #expect(core.limits == standard.limits && core.agent == standard.agent && core.announce == standard.announce)
        #expect(core.relay == standard.relay && core.relayClient == standard.relayClient && core.gossip == standard.gossip)
        #expect(core.discovery == standard.discovery && core.allowsLocalHearsay == standard.allowsLocalHearsay)
    }

    /// `fit` lowers limits only as far as descriptors demand it.
    @Test func withDescriptorsInPlentyNothingIsLowered() {
        var configuration = Configuration()
        configuration.fit(descriptors: 1 << 20)
        #expect(configuration.limits == NodeLimits() && configuration.pageLimits == PageLimits())
    }
}
