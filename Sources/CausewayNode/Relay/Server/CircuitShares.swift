import CausewayConnection
import CausewayIdentity

/// Counts circuits by their holders, so that nobody takes them from others. Each peer may have a number of them; each source, alone and
/// together with its whole place, gets a share of one target's circuits and of the relay's.
struct CircuitShares {
    private var counts: [[UInt8]: Int] = [:]

    var isEmpty: Bool { counts.isEmpty }

    /// The limit that forbids one more circuit.
    func refusal(of source: PeerID, at place: AddressKey?, to target: PeerID, limits: RelayLimits) -> ReachedLimit? {
        if count(Self.peer(source)) >= limits.circuitsPerPeer { return ReachedLimit(.circuitsPerPeer, limits.circuitsPerPeer) }
        if count(Self.pair(source.bytes, target)) >= limits.circuitsPerSource {
            return ReachedLimit(.circuitsPerSource, limits.circuitsPerSource)
        }
        if let place {
            for (network, factor) in Self.networks(of: place) {
                let (fromSource, fromAddress) = (factor * limits.circuitsPerSource, factor * limits.circuitsPerAddress)
                if count(Self.pair(network, target)) >= fromSource { return ReachedLimit(.circuitsPerSource, fromSource) }
                if count(Self.place(network)) >= fromAddress { return ReachedLimit(.circuitsPerAddress, fromAddress) }
            }
        }
        return count(Self.peer(target)) >= limits.circuitsPerPeer ? ReachedLimit(.circuitsPerPeer, limits.circuitsPerPeer) : nil
    }

    mutating func insert(_ circuit: ServedCircuit) { add(1, circuit) }

    mutating func remove(_ circuit: ServedCircuit) { add(-1, circuit) }

    private mutating func add(_ change: Int, _ circuit: ServedCircuit) {
        var keys = [Self.peer(circuit.source), Self.peer(circuit.target), Self.pair(circuit.source.bytes, circuit.target)]
        if let place = circuit.place {
            for (network, _) in Self.networks(of: place) { keys += [Self.place(network), Self.pair(network, circuit.target)] }
        }
        for key in keys {
            let count = count(key) + change
            counts[key] = count > 0 ? count : nil
        }
    }

    private func count(_ key: [UInt8]) -> Int { counts[key, default: 0] }

    /// The IPv4 address or IPv6 /56 with its share, and the /48 around it with twice the share.
    private static func networks(of place: AddressKey) -> [([UInt8], Int)] {
        var networks = [(place.place, 1)]
        if let network = place.network { networks.append((network, 2)) }
        return networks
    }

    // The first byte distinguishes the kinds of keys. Places have 4, 6 or 7 bytes, peer ids more.

    private static func peer(_ peer: PeerID) -> [UInt8] { [0] + peer.bytes }
    private static func place(_ place: [UInt8]) -> [UInt8] { [1] + place }
    private static func pair(_ source: [UInt8], _ target: PeerID) -> [UInt8] {
        [2, UInt8(truncatingIfNeeded: source.count)] + source + target.bytes
    }
}
