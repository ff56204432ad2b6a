import CausewayIdentity

/// A STUN message where it lies, checked from end to end. Reading it allocates nothing.
///
///      0                   1                   2                   3
///     +---+---------------------------+-------------------------------+
///     |0 0|       message type        |        message length         |
///     +---+---------------------------+-------------------------------+
///     |                    magic cookie 0x2112A442                    |
///     +---------------------------------------------------------------+
///     |                     transaction id, 96 bits                   |
///     +-------------------------------+-------------------------------+
///     |        attribute type         |        attribute length       |   RFC 8489, sections 5 and 14
///     +-------------------------------+-------------------------------+
///     |                value, padded to four bytes            …       |
///
/// Attributes behind MESSAGE-INTEGRITY do not count, except FINGERPRINT. Of several attributes of a type the first counts.
public struct STUNMessage {
    public static let headerSize = 20
    static let cookie: UInt32 = 0x2112_A442
    static let fingerprintMask: UInt32 = 0x5354_554E

    public let kind: STUNKind
    public let transaction: TransactionID
    public let hasFingerprint: Bool
    private let bytes: UnsafeRawBufferPointer
    /// Where the attributes end that count.
    private let end: Int
    /// Where MESSAGE-INTEGRITY begins.
    private let integrity: Int?

    /// - Parameter datagram: Must stay where it is as long as the message is used.
    public init(_ datagram: UnsafeRawBufferPointer) throws(STUNError) {
        guard datagram.count >= Self.headerSize, datagram.networkOrder(4, as: UInt32.self) == Self.cookie, datagram[0] < 4 else {
            throw .notSTUN
        }
        guard datagram.count <= STUNLimits.messageSize else { throw .tooLong }
        let length = Int(datagram.networkOrder(2, as: UInt16.self))
        guard length % 4 == 0, length == datagram.count - Self.headerSize else { throw .badLength }
        guard let kind = STUNKind(rawValue: datagram.networkOrder(0, as: UInt16.self)) else { throw .unknownMethod }
        self.kind = kind
        bytes = datagram
        transaction = TransactionID(high: datagram.networkOrder(8, as: UInt32.self), low: datagram.networkOrder(12, as: UInt64.self))
        var attributes = STUNAttributes(datagram)
        var found: Int?
        var isMarked = false
        while let one = try attributes.next() {
            switch STUNAttribute(rawValue: one.type) {
            case .fingerprint:
                guard try Self.isLast(one, in: datagram) else { throw .badFingerprint }
                isMarked = true
            case .messageIntegrity where found == nil:
                guard one.value.count == HMACSHA1.length else { throw .badAttribute }
                found = one.start
            default: break
            }
        }
        integrity = found
        hasFingerprint = isMarked
        end = found ?? datagram.count - (isMarked ? 8 : 0)
    }

    /// Whether a FINGERPRINT is the last attribute and fits.
    private static func isLast(_ one: STUNAttributes.Element, in datagram: UnsafeRawBufferPointer) throws(STUNError) -> Bool {
        guard one.value.count == 4, one.start + 8 == datagram.count else { return false }
        return one.value.networkOrder(0, as: UInt32.self) == CRC32.checksum(datagram.range(0, count: one.start)) ^ fingerprintMask
    }

    // MARK: Integrity

    /// Whether the message has a MESSAGE-INTEGRITY.
    public var hasIntegrity: Bool { integrity != nil }

    /// Whether it was made by somebody who knows the password (RFC 8489, section 14.5). The code covers the header as if the message ended
    /// with it.
    public func isIntact(password: UnsafeRawBufferPointer) -> Bool {
        guard let integrity else { return false }
        let code = bytes.range(integrity + 4, count: HMACSHA1.length)
        return withUnsafeTemporaryAllocation(byteCount: Self.headerSize, alignment: 4) { header in
            header.copyMemory(from: bytes.range(0, count: Self.headerSize))
            header.setNetworkOrder(2, UInt16(integrity + 4 + HMACSHA1.length - Self.headerSize))
            let body = bytes.range(Self.headerSize, count: integrity - Self.headerSize)
            return HMACSHA1.isValid(code, key: password, UnsafeRawBufferPointer(header), body)
        }
    }

    public func isIntact(password: [UInt8]) -> Bool { password.withUnsafeBytes { isIntact(password: $0) } }

    // MARK: Attributes

    /// The value of an attribute that counts.
    public func value(_ attribute: STUNAttribute) -> UnsafeRawBufferPointer? {
        var attributes = countingAttributes
        while let one = try? attributes.next() { if one.type == attribute.rawValue { return one.value } }
        return nil
    }

    public func has(_ attribute: STUNAttribute) -> Bool { value(attribute) != nil }

    /// PRIORITY, or another attribute that is a number of its size. nil: it is not there, or has another size.
    public func number<Number: FixedWidthInteger>(_ attribute: STUNAttribute, as type: Number.Type) -> Number? {
        guard let value = value(attribute), value.count == MemoryLayout<Number>.size else { return nil }
        return value.networkOrder(0, as: type)
    }

    public var errorCode: STUNErrorCode? {
        guard let value = value(.errorCode), value.count >= 4 else { return nil }
        return STUNErrorCode(number: UInt16(value[2] & 7) * 100 + UInt16(min(value[3], 99)))
    }

    /// Types that must be understood and are not; at most `STUNLimits.reportedAttributes`.
    public var unknownAttributes: [UInt16] {
        var attributes = countingAttributes
        var unknown: [UInt16] = []
        while let one = try? attributes.next(), unknown.count < STUNLimits.reportedAttributes {
            if STUNAttribute.isRequired(one.type), STUNAttribute(rawValue: one.type) == nil { unknown.append(one.type) }
        }
        return unknown
    }

    private var countingAttributes: STUNAttributes { STUNAttributes(bytes.range(0, count: end)) }
}
