/// How much of what a node has to do with its peers takes the direct way, since the node was made.
///
/// What its relays are for is left out: the bytes of connections to a relay whose circuits the node uses count neither as direct nor as
/// relayed. What the circuits carry counts at their ends.
public struct DirectShare: Sendable, Equatable {
    /// The peers with whom the first connection was a direct one, relays included. A peer that comes back counts again.
    public var directPeers: UInt64 = 0
    /// The peers with whom it went through a relay.
    public var relayedPeers: UInt64 = 0
    /// Those of them with whom a direct connection followed.
    public var becameDirect: UInt64 = 0
    /// The bytes of all streams over direct connections, sent and received.
    public var directBytes: UInt64 = 0
    /// The same over connections through a relay.
    public var relayedBytes: UInt64 = 0

    public init() {}

    /// Of the peers that were first reached through a relay, the part that became direct, from 0 to 1. nil: there was none.
    public var ofPeers: Double? { relayedPeers == 0 ? nil : Double(becameDirect) / Double(relayedPeers) }

    /// Of the bytes, the part that went directly, from 0 to 1. nil: there was none.
    public var ofBytes: Double? {
        let total = Double(directBytes) + Double(relayedBytes)
        return total == 0 ? nil : Double(directBytes) / total
    }
}
