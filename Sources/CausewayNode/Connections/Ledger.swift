import CausewayConnection
import CausewayIdentity

/// Adds up what remotes make this node hold, as its links report it (`Link.held`): for each connection, peer and place, and in total. When
/// it is too much, the connection that holds most within the largest holder is closed, so that a newcomer never pays for an attacker.
final class Ledger: NodeProtocol {
    private final class Account {
        let link: UInt32
        /// The holders: the peer, then the place and its network, if there is one. Their lengths distinguish them.
        let holders: [[UInt8]]
        var held = 0

        init(_ link: ConnectedLink) {
            self.link = link.id
            var holders = [link.peer.bytes]
            // A circuit's address is its relay's, which says nothing about the peer's place.
            if link.carrier == nil, let key = AddressKey(link.remoteAddress) {
                holders.append(key.place)
                if let network = key.network { holders.append(network) }
            }
            self.holders = holders
        }
    }

    private let limits: NodeLimits
    private var accounts = Table<UInt32, Account>()
    private var sums = BytesTable<Int>()
    private(set) var total = 0

    init(limits: NodeLimits) { self.limits = limits }

    /// What a peer or a place holds.
    func held(by holder: [UInt8]) -> Int { sums[holder, default: 0] }

    func linkHolds(_ held: Int, _ link: ConnectedLink, in node: NodeContext) {
        guard !link.isClosing else { return }
        let account = accounts[link.id] ?? Account(link)
        accounts[link.id] = account
        add(held - account.held, to: account)
        let bounds = [limits.heldPerPeer, limits.heldPerPlace, limits.heldPerNetwork]
        for (index, holder) in account.holders.enumerated() where self.held(by: holder) > bounds[index] {
            if let largest = largest(of: holder) { cut(largest, index == 0 ? .heldPerPeer : .heldPerPlace, bounds[index], in: node) }
        }
        if total > limits.held, let largest = largestOfAll() { cut(largest, .held, limits.held, in: node) }
    }

    func linkClosed(_ link: ConnectedLink, in node: NodeContext) { remove(link.id) }

    /// Removes a connection that is closed, or closing.
    private func remove(_ link: UInt32) {
        guard let account = accounts.removeValue(forKey: link) else { return }
        add(-account.held, to: account)
    }

    private func add(_ change: Int, to account: Account) {
        account.held += change
        total += change
        for holder in account.holders {
            let sum = held(by: holder) + change
            sums[holder] = sum > 0 ? sum : nil
        }
    }

    private func cut(_ account: Account, _ limit: LimitName, _ value: Int, in node: NodeContext) {
        remove(account.link)
        node.cut(account.link, limit, value)
    }

    private func largest(of holder: [UInt8]) -> Account? {
        var largest: Account?
        for account in accounts.values where account.holders.contains(holder) && account.held > largest?.held ?? 0 { largest = account }
        return largest
    }

    /// The largest account of the peer or place that holds most.
    private func largestOfAll() -> Account? {
        var most = 0
        var holder: [UInt8] = []
        for account in accounts.values {
            for one in account.holders where held(by: one) > most {
                most = held(by: one)
                holder = one
            }
        }
        return largest(of: holder)
    }
}
