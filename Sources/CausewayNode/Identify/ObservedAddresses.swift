import CausewayConnection
import CausewayIdentity

/// Learns this node's addresses outside of its own network from what peers say by identify (identify/README.md, `observedAddr`).
///
/// A peer says where it sees its connection begin, or where it dialled. If that connection ends at a listener here, this is a vote for the
/// whole address: a router or a cloud forwards it to the listener. Otherwise the port belongs to one connection, and only the IP address
/// says something: the listener's own port may be forwarded there, too, which `AutoNATClient` finds out.
///
/// Each network has one voice for each local end (`Voice`), its newest. A vote lasts as long as the connection and for `memory` after that.
/// How many votes an address needs, `OwnAddresses` decides.
final class ObservedAddresses: NodeProtocol {
    /// Bound: votes that are kept. Of an attacker with more networks, as of the honest, the newest count.
    static let votes = 256
    /// Bound: addresses outside for one listener (as in go-libp2p). A host has one or two; each is tried by others.
    static let addressesPerListener = 3
    /// How long a vote lasts after its connection: peers come and go, and the address stays the same for hours.
    static let memory = Interval.seconds(3600)

    /// An IP address and a port: `/ip4/…/tcp/…`. The port is 0 if it means nothing.
    private final class Vote {
        let local: Multiaddr
        let seen: Multiaddr
        let voice: Voice
        let link: UInt32
        var until = Instant.distantFuture

        init(_ local: Multiaddr, seen: Multiaddr, _ voice: Voice, _ link: UInt32) {
            self.local = local
            self.seen = seen
            self.voice = voice
            self.link = link
        }
    }

    private var votes: [Vote] = []
    private(set) var nextDeadline = Instant.distantFuture

    // MARK: Votes

    func identified(_ peer: PeerID, on link: ConnectedLink, in node: NodeContext) {
        guard !link.isRelayed, let voice = Voice(of: link.remoteAddress), let seen = node.peers.description(of: peer)?.observedAddress,
            seen.reach == .public, !seen.isCircuit, let vote = vote(seen, voice, link, in: node)
        else { return }
        var left: [Vote] = []
        var isNew = true
        for old in votes {
            guard old.local == vote.local, old.voice == voice else {
                left.append(old)
                continue
            }
            isNew = isNew && old.seen != vote.seen
        }
        if left.count >= Self.votes { left.removeFirst() }
        left.append(vote)
        votes = left
        if isNew { update(in: node) }
    }

    /// nil: what the peer says does not fit the connection.
    private func vote(_ seen: Multiaddr, _ voice: Voice, _ link: ConnectedLink, in node: NodeContext) -> Vote? {
        guard let (local, isTCP) = Self.end(of: link.localAddress), let (outside, isSeenByTCP) = Self.end(of: seen), isTCP == isSeenByTCP,
            case .ip(let ip)? = local.host, case .ip(let seenIP)? = outside.host, ip.count == seenIP.count
        else { return nil }
        for own in node.addresses.all where own.kind == .bound {
            guard let (listener, _) = Self.end(of: own.address), listener == local else { continue }
            // What a proxy in front speaks is not what the listener speaks.
            guard seen.transport == .other || seen.transport == link.localAddress.transport else { return nil }
            return Vote(local, seen: outside, voice, link.id)
        }
        return Vote(.tcp(ip: ip, port: 0), seen: .tcp(ip: seenIP, port: 0), voice, link.id)
    }

    /// The IP address with its port, and whether that is TCP's.
    private static func end(of address: Multiaddr) -> (Multiaddr, isTCP: Bool)? {
        guard case .ip(let ip)? = address.host, let port = address.port, port != 0 else { return nil }
        let udp = Multiaddr.udp(ip: ip, port: port)
        return address.datagramEndpoint == udp ? (udp, false) : (.tcp(ip: ip, port: port), true)
    }

    func linkClosed(_ link: ConnectedLink, in node: NodeContext) {
        for vote in votes where vote.link == link.id && vote.until == .distantFuture {
            vote.until = node.now + Self.memory
            nextDeadline = min(nextDeadline, vote.until)
        }
    }

    func advance(in node: NodeContext) {
        var left: [Vote] = []
        nextDeadline = .distantFuture
        for vote in votes where vote.until > node.now {
            left.append(vote)
            nextDeadline = min(nextDeadline, vote.until)
        }
        guard left.count < votes.count else { return }
        votes = left
        update(in: node)
    }

    // MARK: Addresses

    func ownAddressesChanged(in node: NodeContext) { if !votes.isEmpty { update(in: node) } }

    private func update(in node: NodeContext) {
        var found: [OwnAddress] = []
        for own in node.addresses.all where own.kind == .bound {
            guard case .ip(let ip)? = own.address.host, let (local, isTCP) = Self.end(of: own.address) else { continue }
            var here: [OwnAddress] = []
            for (seen, count) in count(local) {
                guard let address = Self.address(own.address, at: seen, port: seen.port, isTCP: isTCP) else { continue }
                here.append(OwnAddress(address, .observed(by: count)))
            }
            for (seen, count) in self.count(.tcp(ip: ip, port: 0)) {
                guard let address = Self.address(own.address, at: seen, port: local.port, isTCP: isTCP),
                    !here.contains(where: { $0.address == address })
                else { continue }
                here.append(OwnAddress(address, .inferred(by: count)))
            }
            for one in here.prefix(Self.addressesPerListener) where !isListener(one.address, in: node) { found.append(one) }
        }
        node.addresses.replace(.observed, by: found, in: node)
    }

    private func isListener(_ address: Multiaddr, in node: NodeContext) -> Bool {
        for own in node.addresses.all where own.kind == .bound && own.address == address { return true }
        return false
    }

    /// What peers see in place of a local end, that with the most votes first.
    private func count(_ local: Multiaddr) -> [(seen: Multiaddr, count: Int)] {
        var counts: [(seen: Multiaddr, count: Int)] = []
        for vote in votes where vote.local == local {
            if let index = counts.firstIndex(where: { $0.seen == vote.seen }) {
                counts[index].count += 1
            } else {
                counts.append((vote.seen, 1))
            }
        }
        // Stable: of two with as many votes, the older one comes first, and stays.
        var sorted: [(seen: Multiaddr, count: Int)] = []
        for one in counts {
            var index = sorted.count
            while index > 0, sorted[index - 1].count < one.count { index -= 1 }
            sorted.insert(one, at: index)
        }
        return sorted
    }

    /// A listener's address with another IP address and port.
    private static func address(_ listener: Multiaddr, at seen: Multiaddr, port: UInt16?, isTCP: Bool) -> Multiaddr? {
        guard case .ip(let ip)? = seen.host, let port else { return nil }
        var address = isTCP ? Multiaddr.tcp(ip: ip, port: port) : .udp(ip: ip, port: port)
        for part in listener.components.dropFirst(2) { address = address.appending(code: part.code, value: part.value) }
        return address
    }
}
