/// How a peer broke the ping protocol (ping/ping.md). The raw value is the `code` of `.peerFault(.ping, code:)`.
public enum PingFault: UInt16, Error, Equatable, Sendable {
    /// It echoed other bytes than it was sent.
    case wrongBytes = 1
}
