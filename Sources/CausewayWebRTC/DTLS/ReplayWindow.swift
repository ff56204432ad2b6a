/// Which sequence numbers have come already, of the last 64 (RFC 6347, section 4.1.2.6). Older ones count as seen.
public struct ReplayWindow: Sendable {
    private var highest: UInt64 = 0
    /// Bit n stands for the nth number below the highest.
    private var seen: UInt64 = 0

    public init() {}

    public func isFresh(_ number: UInt64) -> Bool {
        if number > highest { return true }
        return highest - number < 64 && seen >> (highest - number) & 1 == 0
    }

    /// The record with this number was genuine.
    public mutating func insert(_ number: UInt64) {
        if number > highest {
            // A shift by 64 or more leaves nothing.
            seen = seen << (number - highest) | 1
            highest = number
        } else {
            seen |= 1 << (highest - number)
        }
    }
}
