import CausewayConnection
import CausewayIdentity

/// Makes relayed connections direct: says when to try which way, and how long to wait after failures.
///
///     relayed --identified--> first way --failed--> next way ... --failed--> waits 10, 20, 40 ... 300 s --> first way
///                                 |                    |
///                                 +----- connected ----+--> direct --lost--> waits 1 or 10 s --> first way
///
/// The direct connection is added to the relayed one. New streams use it at once (`ConnectionTable.best`), those that run stay where they
/// are, and `ConnectionTrimmer` closes the relayed connection when it is idle. If all ways fail, the relayed connection stays as it was.
final class UpgradeCoordinator: NodeProtocol {
    private static let retry = Interval.seconds(10)
    private static let pause = Interval.seconds(1)
    private static let longestRetry = Interval.seconds(300)
    /// The time that a remote has whose turn it is.
    private static let patience = Interval.seconds(5)

    /// What goes on with one peer. Peers that have no connection any more are forgotten.
    private final class Upgrade {
        let peer: PeerID
        /// The way that is being tried: its index.
        var way: Int?
        /// How often all ways have failed since there was a direct connection.
        var failures: UInt64 = 0
        var retryAt = Instant.distantFuture
        /// Whether the remote had its time, so that ways on which this side comes second count.
        var isSecond = false

        init(_ peer: PeerID) { self.peer = peer }
    }

    /// In the order in which they are tried.
    private var ways: [any DirectUpgrading] = []
    private var upgrades: [Upgrade] = []

    func add(_ way: any DirectUpgrading) { ways.append(way) }

    var nextDeadline: Instant {
        var soonest = Instant.distantFuture
        for one in upgrades { soonest = min(soonest, one.retryAt) }
        return soonest
    }

    // MARK: Beginning

    func identified(_ peer: PeerID, on link: ConnectedLink, in node: NodeContext) {
        guard link.isRelayed, way(on: link, isSecond: true) != nil else { return }
        if let known = upgrade(of: peer) {
            guard known.way == nil else { return }
            guard known.failures == 0 else { return node.upgradeFailed(peer, .backedOff) }
        }
        if way(on: link, isSecond: false) != nil { begin(peer, in: node) } else { wait(Interval(nanoseconds: 0), on: link, in: node) }
    }

    /// Tries again after a pause; later if it is the remote's turn.
    private func wait(_ pause: Interval, on link: ConnectedLink, in node: NodeContext) {
        let upgrade = entry(of: link.peer)
        guard upgrade.retryAt == .distantFuture else { return }
        #if hasFeature(Embedded)
            upgrade.isSecond = way(on: link, isSecond: false) == nil
        #else
            upgrade.isSecond = way(on: link, isSecond: false, spokenIn: node) == nil
        #endif
        upgrade.retryAt = node.now + pause + (upgrade.isSecond ? Self.patience : Interval(nanoseconds: 0))
    }

    func linkClosed(_ link: ConnectedLink, in node: NodeContext) {
        let peer = link.peer
        guard node.connections.best(for: peer, allowsLimited: true) != nil else { return forget(peer) }
        guard !link.isRelayed, let relayed = relayedLink(to: peer, in: node), upgrade(of: peer) == nil else { return }
        // A direct connection that was lost is made again, but sooner if it lasted, and later if it comes and goes. If the peer itself
        // left, the relayed connection is gone, too.
        wait(node.now - link.openedAt < Self.retry ? Self.retry : Self.pause, on: relayed, in: node)
    }

    func machineChanged(in node: NodeContext) {
        for one in upgrades where one.failures > 0 && one.way == nil {
            one.failures = 0
            one.retryAt = node.now
        }
    }

    func advance(in node: NodeContext) { for one in upgrades where one.retryAt <= node.now { begin(one.peer, in: node) } }

    /// Tries the first way. If there is nothing to try, the peer is forgotten.
    private func begin(_ peer: PeerID, in node: NodeContext) {
        guard let link = relayedLink(to: peer, in: node) else { return forget(peer) }
        let isSecond = upgrade(of: peer)?.isSecond == true
        guard let way = way(on: link, isSecond: isSecond, spokenIn: node) else {
            #if !hasFeature(Embedded)
                // There is a way that the remote is to begin. A page has one way alone.
                if !isSecond, self.way(on: link, isSecond: true, spokenIn: node) != nil {
                    upgrade(of: peer)?.retryAt = .distantFuture
                    return wait(Interval(nanoseconds: 0), on: link, in: node)
                }
            #endif
            node.upgradeFailed(peer, .failed(.noCommonProtocol(.signalling)))
            return forget(peer)
        }
        start(way, on: link, in: node)
    }

    private func start(_ way: Int, on link: ConnectedLink, in node: NodeContext) {
        let upgrade = entry(of: link.peer)
        upgrade.retryAt = .distantFuture
        upgrade.way = way
        ways[way].upgrade(link, in: node)
    }

    // MARK: Ending

    /// A way has ended its attempt.
    func ended(_ peer: PeerID, _ result: DialOutcome.Result, _ report: PeerConnectionReport?, in node: NodeContext) {
        if result == .connected { return forget(peer) }
        guard let upgrade = upgrade(of: peer), let way = upgrade.way else { return node.upgradeFailed(peer, result, report) }
        upgrade.way = nil
        if let link = relayedLink(to: peer, in: node),
            let next = self.way(from: way + 1, on: link, isSecond: upgrade.isSecond, spokenIn: node)
        {
            return start(next, on: link, in: node)
        }
        #if !hasFeature(Embedded)
            if let link = relayedLink(to: peer, in: node), !upgrade.isSecond, let second = secondWay(on: link, in: node) {
                // The remote had its time.
                upgrade.isSecond = true
                return start(second, on: link, in: node)
            }
        #endif
        node.upgradeFailed(peer, result, report)
        let wait = min(Self.retry.nanoseconds << min(upgrade.failures, 5), Self.longestRetry.nanoseconds)
        upgrade.retryAt = node.now + Interval(nanoseconds: wait)
        upgrade.failures += 1
    }

    // MARK: Looking up

    /// The connection to make direct. nil: there is none, or only the remote can begin.
    private func relayedLink(to peer: PeerID, in node: NodeContext) -> ConnectedLink? {
        guard let link = node.connections.best(for: peer, allowsLimited: true), link.isRelayed, way(on: link, isSecond: true) != nil
        else { return nil }
        return link
    }

    /// The next way that this side begins; with a node, the next one that the peer takes part in, too.
    @inline(never)
    private func way(from first: Int = 0, on link: ConnectedLink, isSecond: Bool, spokenIn node: NodeContext? = nil) -> Int? {
        for index in first..<ways.count {
            let turn = ways[index].turn(on: link)
            guard turn == .first || turn == .second && isSecond else { continue }
            if let node, !ways[index].isSpoken(by: link.peer, in: node) { continue }
            return index
        }
        return nil
    }

    #if !hasFeature(Embedded)
        /// The first way on which this side comes second.
        private func secondWay(on link: ConnectedLink, in node: NodeContext) -> Int? {
            for index in ways.indices where ways[index].turn(on: link) == .second {
                if ways[index].isSpoken(by: link.peer, in: node) { return index }
            }
            return nil
        }
    #endif

    private func upgrade(of peer: PeerID) -> Upgrade? {
        for one in upgrades where one.peer == peer { return one }
        return nil
    }

    private func entry(of peer: PeerID) -> Upgrade {
        if let one = upgrade(of: peer) { return one }
        let made = Upgrade(peer)
        upgrades.append(made)
        return made
    }

    private func forget(_ peer: PeerID) { if let one = upgrade(of: peer) { upgrades.remove(one) } }
}
