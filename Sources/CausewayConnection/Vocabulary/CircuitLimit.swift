/// A relay's limit for one circuit (relay/circuit-v2.md, `Limit`). Absent fields are unlimited.
public struct CircuitLimit: Equatable, Sendable {
    /// Bytes in each direction.
    public var bytes: UInt64?
    /// Seconds since the circuit was made.
    public var seconds: UInt32?

    public init(bytes: UInt64?, seconds: UInt32?) {
        self.bytes = bytes
        self.seconds = seconds
    }

    public static let unlimited = CircuitLimit(bytes: nil, seconds: nil)
    public var isUnlimited: Bool { bytes == nil && seconds == nil }
}
