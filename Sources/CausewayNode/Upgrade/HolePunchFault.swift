/// What went wrong in hole punching. The raw value is the `code` of `.peerFault(.holePunching, code:)`.
public enum HolePunchFault: UInt16, Error, Equatable, Sendable {
    /// Longer than `HolePunchLimits.messageSize`.
    case messageTooLong = 1
    /// Not a message of the specification.
    case malformed = 2
    /// A message that is not allowed at this point: SYNC before CONNECT, or a second CONNECT.
    case unexpectedType = 3
    /// CONNECT names no address that may be dialled.
    case noAddress = 4
    /// The stream ended before all was said.
    case endedEarly = 5
}
