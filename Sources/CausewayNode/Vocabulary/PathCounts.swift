/// How the connections of a node to its peers began, and what became of relayed ones, since the node's start.
///
/// A peer counts once from its first connection to the end of its last one, however many there are meanwhile.
public struct PathCounts: Equatable, Sendable {
    /// Peers whose first connection was direct.
    public var direct: UInt64 = 0
    /// Peers whose first connection went through a relay.
    public var relayed: UInt64 = 0
    /// Those of `relayed` to whom a direct connection was added.
    public var becameDirect: UInt64 = 0

    public init() {}
}
