/// How a relay or its client violated the protocol. The raw values appear in `ConnectionError.peerFault(.circuit, code:)` and
/// `ReservationError.badAnswer`.
public enum RelayFault: UInt8, Error, Sendable {
    /// Over 4,096 bytes.
    case messageTooLarge = 1
    /// Not a message of this protocol: malformed protobuf, or no type.
    case malformed = 2
    /// A type that is not allowed at this point.
    case unexpectedType = 3
    /// STATUS without a status.
    case missingStatus = 4
    /// The stream ended before the answer.
    case endedEarly = 5
    /// OK to RESERVE, but no reservation in it.
    case missingReservation = 6
    /// No expiry, or one beyond the year 9999.
    case badExpiry = 7
    /// The voucher's signature, domain or content is wrong.
    case badVoucher = 8
    /// It names no address, and we reached it at none that others could dial.
    case noAddress = 9

    init(_ fault: MessageInbox.Fault) { self = fault == .tooLong ? .messageTooLarge : .malformed }
}
