import CausewayConnection
import CausewayIdentity
import Testing

@testable import CausewayNode

@Suite struct RosterTests {
    private let neighbours = (0..<200).map { GossipPeer(id: $0, peer: GossipHost.key(Int($0 % 3)).publicKey.peerID) }

    private func numbers(_ roster: Roster) -> [UInt64] { roster.map(\.id) }

    @Test func keepsTheOrderWhoeverComesAndGoes() {
        for seed in 1...20 as ClosedRange<UInt64> {
            var random = RandomSource(seed: seed)
            let roster = Roster()
            var expected: [UInt64] = []
            for _ in 0..<2000 {
                let one = neighbours[random.below(neighbours.count)]
                if let index = expected.firstIndex(of: one.id) {
                    expected.remove(at: index)
                    roster.remove(one)
                } else if random.below(3) > 0 {
                    expected.append(one.id)
                    roster.append(one)
                } else {
                    // Who is not there cannot be removed.
                    roster.remove(one)
                }
                #expect(roster.count == expected.count && roster.first?.id == expected.first, "seed \(seed)")
            }
            #expect(numbers(roster) == expected, "seed \(seed)")
        }
    }

    @Test func holdsNoMoreThanTwiceWhatItNeeds() {
        let roster = Roster()
        for one in neighbours { roster.append(one) }
        for one in neighbours.dropLast(3) {
            roster.remove(one)
            #expect(roster.size <= 2 * roster.count + 8)
        }
        #expect(numbers(roster) == [197, 198, 199])
        for one in neighbours { roster.remove(one) }
        #expect(roster.isEmpty && roster.first == nil && roster.size <= 8)
    }

    @Test func oneWhoGoesThroughItMayChangeIt() {
        let roster = Roster()
        for one in neighbours.prefix(50) { roster.append(one) }
        var met: [UInt64] = []
        for one in roster {
            met.append(one.id)
            roster.remove(one)
            roster.append(neighbours[100 + met.count])
        }
        #expect(met == Array(0..<50) && roster.count == 50)
    }
}
