/// Bounds on the data channels of one association, with the reason for each.
public struct DataChannelLimits: Equatable, Sendable {
    /// Channels at the same time, those included that are being closed. A peer of libp2p has a few dozen streams; each costs some hundred
    /// bytes here and more above.
    public var channels = 1024
    /// The longest message that opens a channel. libp2p's labels are empty; others name a channel by a word.
    public var openBytes = 1024

    public init() {}
}
