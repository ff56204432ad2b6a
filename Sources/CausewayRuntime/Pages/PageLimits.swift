public import CausewayConnection

/// Bounds on what readers of pages can make a node hold, with the reason for each. Before its request is complete, such a socket counts
/// towards `NodeLimits.pendingConnections`.
public struct PageLimits: Equatable, Sendable {
    /// Answers that are being read at the same time, by all readers. Over TLS, each may hold some 128 KiB (`TLSEngine.ahead` and the
    /// session), so all together hold 64 MiB. Without TLS they share the page.
    public var downloads = 512
    /// The time for one answer, however steadily it is read: some megabytes over a slow mobile network take a minute.
    public var downloadTime = Interval.seconds(120)
    /// What the system may hold of an answer that it has not sent. With little, it soon shows whether a slow reader still reads.
    static let unsent: Int32 = 128 << 10

    public init() {}
}
