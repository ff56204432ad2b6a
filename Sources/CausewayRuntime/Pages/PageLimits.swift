public import CausewayConnection

/// Bounds on what those can make a node keep who are shown its pages, with the reason for each. Before its request is whole such a socket
/// counts among `NodeLimits.pendingConnections`.
public struct PageLimits: Equatable, Sendable {
    /// Answers that are being taken at once, by all. Over TLS each may hold some 128 KiB (`TLSEngine.ahead` and the session), so all have
    /// 64 MiB; without it they share the page.
    public var downloads = 512
    /// For one answer, however steadily it is taken: some megabytes over a slow mobile network take a minute.
    public var downloadTime = Interval.seconds(120)
    /// What the system may hold of an answer that it has not sent: what shows soon whether a slow reader still takes something.
    static let unsent: Int32 = 128 << 10

    public init() {}
}
