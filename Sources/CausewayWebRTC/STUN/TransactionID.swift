/// The 96 bits that join a STUN response to its request (RFC 8489, section 5).
public struct TransactionID: Hashable, Sendable {
    let high: UInt32
    let low: UInt64

    public init(high: UInt32, low: UInt64) {
        self.high = high
        self.low = low
    }
}
