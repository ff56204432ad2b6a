/// What an error response says (RFC 8489, section 14.8; RFC 8445, section 16.2).
public struct STUNErrorCode: Equatable, Sendable {
    /// 300 to 699.
    public let number: UInt16

    public init(number: UInt16) { self.number = number }

    /// The request has an attribute that must be understood and is not.
    public static let unknownAttribute = STUNErrorCode(number: 420)
    /// Both agents believe to have the same role.
    public static let roleConflict = STUNErrorCode(number: 487)
}
