import CausewayConnection
import CausewayIdentity
import Testing

@testable import CausewayNode

/// A way to a direct connection whose attempts the test ends.
private final class PlayedWay: DirectUpgrading {
    /// The relayed connections from which it was to begin.
    var attempts: [UInt32] = []
    var isSpoken = true
    var beginsOnInbound = false
    /// Whose turn it is where it does not begin.
    var otherwise = UpgradeTurn.never
    var circuitForm: Multiaddr?

    func turn(on link: ConnectedLink) -> UpgradeTurn { link.isInbound == beginsOnInbound ? .first : otherwise }
    func isSpoken(by peer: PeerID, in node: NodeContext) -> Bool { isSpoken }
    func upgrade(_ link: ConnectedLink, in node: NodeContext) { attempts.append(link.id) }
}

/// A node with two ways to direct connections, and a relayed connection to peer 7.
private final class UpgradeBench {
    let first = PlayedWay()
    let second = PlayedWay()
    let bench: NodeBench
    let relay: UInt32
    let relayed: UInt32 = 2000
    let direct: UInt32 = 2002

    init(isInbound: Bool = false, _ set: (UpgradeBench) -> Void = { _ in }) {
        let ways = [first, second]
        bench = NodeBench(adding: { for way in ways { $0.add(upgrade: way) } })
        relay = bench.inbound(9)
        set(self)
        expect(relayed, .relayed(by: peer(9), limit: CircuitLimit(bytes: 1000, seconds: nil)), carrier: relay, isInbound: isInbound)
        bench.establish(relayed, 7)
        identify()
    }

    var attempts: [Int] { [first.attempts.count, second.attempts.count] }

    func identify() {
        bench.node.context.wishes.append(.identified(link: relayed))
        settle()
    }

    func expect(_ link: UInt32, _ path: ConnectionPath, carrier: UInt32? = nil, isInbound: Bool = false) {
        bench.node.context.expectLink(
            link, remoteAddress: address("/ip4/203.0.113.7/tcp/1"), localAddress: address("/ip4/10.0.0.1/tcp/2"), path: path,
            carrier: carrier, isInbound: isInbound)
    }

    func end(_ result: DialOutcome.Result = .failed(.timedOut(.signalling))) {
        bench.node.context.upgradeEnded(peer(7), result)
        settle()
    }

    /// An attempt ends with a direct connection.
    func connect() {
        expect(direct, .direct(.tcp))
        end(.connected)
        bench.establish(direct, 7)
    }

    private func settle() {
        bench.node.advance(to: bench.now)
        bench.drain()
    }
}

@Suite struct UpgradeCoordinatorTests {
    @Test func waysAreTriedInOrderUntilOneConnects() {
        let upgrade = UpgradeBench()
        #expect(upgrade.first.attempts == [upgrade.relayed] && upgrade.second.attempts.isEmpty)
        upgrade.end()
        #expect(upgrade.second.attempts == [upgrade.relayed])
        upgrade.connect()
        upgrade.bench.wait(.seconds(400))
        #expect(upgrade.attempts == [1, 1])
    }

    @Test func waysThatThePeerOrTheDirectionDoesNotAllowAreLeftOut() {
        #expect(UpgradeBench { $0.first.isSpoken = false }.attempts == [0, 1])
        #expect(UpgradeBench { $0.first.beginsOnInbound = true }.attempts == [0, 1])
        #expect(UpgradeBench(isInbound: true) { $0.second.beginsOnInbound = true }.attempts == [0, 1])
        // The remote is to begin.
        #expect(UpgradeBench(isInbound: true).attempts == [0, 0])
        let mute = UpgradeBench {
            $0.first.isSpoken = false
            $0.second.isSpoken = false
        }
        mute.bench.wait(.seconds(400))
        #expect(mute.attempts == [0, 0])
        // A push names it later.
        mute.second.isSpoken = true
        mute.identify()
        #expect(mute.attempts == [0, 1])
    }

    /// A remote that stops speaking a way while it waits must not make the node try without a pause.
    @Test func aWayThatIsNoLongerSpokenLeavesItsTurnToTheRemote() {
        let upgrade = UpgradeBench(isInbound: true) {
            $0.first.beginsOnInbound = true
            $0.second.otherwise = .second
            $0.second.isSpoken = false
        }
        upgrade.end()
        upgrade.first.isSpoken = false
        upgrade.second.isSpoken = true
        upgrade.bench.wait(.seconds(11))
        #expect(upgrade.bench.node.nextDeadline > upgrade.bench.now)
        upgrade.bench.wait(.seconds(5))
        #expect(upgrade.attempts == [1, 1])
    }

    @Test func whoComesSecondWaitsForTheRemoteToBegin() {
        let upgrade = UpgradeBench(isInbound: true) { $0.second.otherwise = .second }
        #expect(upgrade.attempts == [0, 0])
        upgrade.bench.wait(.seconds(3))
        // News do not put it off.
        upgrade.identify()
        upgrade.bench.wait(.milliseconds(1999))
        #expect(upgrade.attempts == [0, 0])
        upgrade.bench.wait(.milliseconds(1))
        #expect(upgrade.attempts == [0, 1])
        upgrade.end()
        upgrade.bench.wait(.seconds(10))
        #expect(upgrade.attempts == [0, 2], "it tries again as any other")
    }

    /// The first way is this side's to begin, the second the remote's.
    @Test func whenItsOwnWayHasFailedItComesSecondOnTheOther() {
        let upgrade = UpgradeBench(isInbound: true) {
            $0.first.beginsOnInbound = true
            $0.second.otherwise = .second
        }
        #expect(upgrade.attempts == [1, 0])
        upgrade.end()
        #expect(upgrade.attempts == [1, 1])
        upgrade.end()
        upgrade.bench.wait(.milliseconds(9999))
        #expect(upgrade.attempts == [1, 1])
        upgrade.bench.wait(.milliseconds(1))
        #expect(upgrade.attempts == [2, 1])
        upgrade.end()
        #expect(upgrade.attempts == [2, 2])
    }

    /// A way that the peer does not take part in does not keep it from the other.
    @Test func itWaitsForTheRemoteWhereItsOwnWayIsNotSpoken() {
        let upgrade = UpgradeBench(isInbound: true) {
            $0.first.beginsOnInbound = true
            $0.first.isSpoken = false
            $0.second.otherwise = .second
        }
        #expect(upgrade.attempts == [0, 0])
        upgrade.bench.wait(.milliseconds(4999))
        #expect(upgrade.attempts == [0, 0])
        upgrade.bench.wait(.milliseconds(1))
        #expect(upgrade.attempts == [0, 1])
    }

    @Test func whoComesSecondLetsTheRemotesConnectionBe() {
        let upgrade = UpgradeBench(isInbound: true) { $0.second.otherwise = .second }
        upgrade.bench.wait(.seconds(4))
        upgrade.connect()
        upgrade.bench.wait(.seconds(400))
        #expect(upgrade.attempts == [0, 0])
    }

    @Test func whenAllHaveFailedTheNextRoundComesLaterEachTime() {
        let upgrade = UpgradeBench()
        for (round, wait) in [10, 20, 40, 80, 160, 300, 300].enumerated() as EnumeratedSequence<[UInt64]> {
            upgrade.end()
            upgrade.end()
            #expect(upgrade.attempts == [round + 1, round + 1])
            // News of the peer do not hasten it.
            upgrade.identify()
            upgrade.bench.wait(.milliseconds(wait * 1000 - 1))
            #expect(upgrade.attempts == [round + 1, round + 1])
            upgrade.bench.wait(.milliseconds(1))
            #expect(upgrade.attempts == [round + 2, round + 1])
        }
    }

    /// Contract 9 of ARCHITECTURE.md.
    @Test func theBetterPathIsAddedBeforeTheOldOneGoes() throws {
        let upgrade = UpgradeBench()
        upgrade.bench.clear()
        upgrade.connect()
        let best = upgrade.bench.node.bestConnection(to: peer(7), allowsLimited: true)
        #expect(best?.id == upgrade.direct, "new streams use it at once")
        let changed = try #require(best)
        #expect(upgrade.bench.events.contains(.pathChanged(peer(7), changed)))
        #expect(upgrade.bench.node.connectionDescription(upgrade.relayed) != nil)
        #expect(upgrade.bench.closes(of: upgrade.relayed).isEmpty, "streams that run have time to end")
        upgrade.bench.wait(.seconds(11))
        #expect(upgrade.bench.closes(of: upgrade.relayed) == [.superseded])
        #expect(upgrade.bench.closes(of: upgrade.direct).isEmpty)
    }

    @Test func aFailedAttemptLeavesTheRelayedConnection() {
        let upgrade = UpgradeBench()
        upgrade.bench.clear()
        upgrade.end()
        upgrade.end()
        upgrade.bench.wait(.seconds(9))
        #expect(upgrade.bench.node.bestLink(for: peer(7), allowsLimited: true) == upgrade.relayed)
        #expect(upgrade.bench.closes(of: upgrade.relayed).isEmpty)
    }

    @Test(arguments: [(2, 10), (60, 1)] as [(UInt64, UInt64)])
    func aLostDirectConnectionIsMadeAgain(lived: UInt64, pause: UInt64) {
        let upgrade = UpgradeBench()
        upgrade.connect()
        upgrade.bench.wait(.seconds(lived))
        upgrade.bench.feed(.closed(.link(errno: 104)), upgrade.direct)
        upgrade.bench.wait(.milliseconds(pause * 1000 - 1))
        #expect(upgrade.attempts == [1, 0])
        upgrade.bench.wait(.milliseconds(1))
        #expect(upgrade.attempts == [2, 0])
    }

    @Test func aPeerThatHasGoneIsForgotten() {
        let upgrade = UpgradeBench()
        upgrade.bench.feed(.closed(.link(errno: 104)), upgrade.relayed)
        upgrade.end()
        upgrade.bench.wait(.seconds(400))
        #expect(upgrade.attempts == [1, 0])
        #expect(upgrade.bench.node.part(UpgradeCoordinator.self)?.nextDeadline == .distantFuture)
    }
}
