/// What went through a datagram socket.
package struct DatagramCounts: Equatable, Sendable {
    package var received: UInt64 = 0
    package var sent: UInt64 = 0
    /// System calls for them.
    package var receiveCalls: UInt64 = 0
    package var sendCalls: UInt64 = 0
    /// Received, and longer than `DatagramLimits.datagramSize`.
    package var tooLong: UInt64 = 0
    /// Not sent because the queue was full.
    package var refused: UInt64 = 0
    /// The kernel did not take them.
    package var lost: UInt64 = 0
}
