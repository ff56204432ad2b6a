import CausewayIdentity
import CausewayWebRTC
import Testing

@Suite struct DTLSLossTests {
    /// Every subset of the first two datagrams of each side.
    @Test(arguments: DTLSMaker.allCases, 0..<16) func anyFlightMayBeLost(maker: DTLSMaker, lost: Int) throws {
        let pair = try DTLSPair(maker)
        pair.path = { role, number, datagram in
            number < 2 && lost >> ((role == .client ? 0 : 2) + number) & 1 == 1 ? [] : [datagram]
        }
        pair.run()
        #expect(pair.bothAre(.established))
        let datagram = try #require(pair.seal([1], by: .client))
        pair.deliver(datagram, to: .server)
        #expect(pair.toServer == [[1]])
    }

    @Test(arguments: DTLSMaker.allCases, 0..<200) func lossDuplicatesAndReordering(maker: DTLSMaker, seed: UInt64) throws {
        let pair = try DTLSPair(maker)
        var generator = SplitMix(seed: seed)
        var held: [DTLSRole: [[UInt8]]] = [:]
        pair.path = { role, _, datagram in
            switch generator.next() % 6 {
            case 0: return []
            case 1: return [datagram, datagram]
            case 2:
                held[role, default: []].append(datagram)
                return []
            default: return [datagram] + (held.removeValue(forKey: role) ?? [])
            }
        }
        pair.run()
        // Each flight is sent five times; so few seeds are lost, and those by time alone.
        let states = [pair.client.state, pair.server.state]
        #expect(states.allSatisfy { $0 == .established || $0 == .failed(.timedOut) }, "seed \(seed): \(states)")
        if states == [.established, .established] {
            pair.deliver(try #require(pair.seal([1], by: .client)), to: .server)
            #expect(pair.toServer == [[1]], "seed \(seed)")
        }
    }

    @Test(arguments: DTLSMaker.allCases) func aLossyPathUsuallyWorks(maker: DTLSMaker) throws {
        var established = 0
        for seed in 0..<100 {
            let pair = try DTLSPair(maker)
            var generator = SplitMix(seed: UInt64(seed))
            pair.path = { _, _, datagram in generator.next() % 5 == 0 ? [] : [datagram] }
            pair.run()
            if pair.bothAre(.established) { established += 1 }
        }
        #expect(established >= 95)
    }

    @Test(arguments: DTLSMaker.allCases) func aFlightIsSentAgainByTheEnginesClock(maker: DTLSMaker) throws {
        let pair = try DTLSPair(maker)
        var times: [UInt64] = []
        pair.path = { role, _, _ in
            if role == .client { times.append((pair.now - Instant(nanoseconds: 1_000_000_000)).milliseconds) }
            return []
        }
        pair.run()
        #expect(times == [0, 400, 1200, 2800, 6000])
    }

    @Test(arguments: DTLSMaker.allCases) func nothingIsSentAgainOnceItIsAnswered(maker: DTLSMaker) throws {
        let pair = try DTLSPair(maker)
        pair.run()
        pair.run(for: .seconds(60))
        #expect(pair.sent[.client]!.count <= 2 && pair.sent[.server]!.count <= 2)
    }
}
