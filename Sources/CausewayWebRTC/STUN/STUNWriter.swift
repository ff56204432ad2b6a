import CausewayIdentity

/// Writes one STUN message into its caller's buffer, which must have `STUNLimits.messageSize` bytes.
public struct STUNWriter {
    private let buffer: UnsafeMutableRawBufferPointer
    let transaction: TransactionID
    private var count = STUNMessage.headerSize

    public init(_ kind: STUNKind, _ transaction: TransactionID, into buffer: UnsafeMutableRawBufferPointer) {
        precondition(buffer.count >= STUNLimits.messageSize, "a buffer for STUN has room for its longest message")
        self.buffer = buffer
        self.transaction = transaction
        buffer.setNetworkOrder(0, kind.rawValue)
        buffer.setNetworkOrder(4, STUNMessage.cookie)
        buffer.setNetworkOrder(8, transaction.high)
        buffer.setNetworkOrder(12, transaction.low)
    }

    // MARK: Attributes

    /// An attribute that is only there or not.
    public mutating func append(_ attribute: STUNAttribute) { _ = append(attribute, size: 0) }

    public mutating func append<Number: FixedWidthInteger>(_ attribute: STUNAttribute, _ number: Number) {
        append(attribute, size: MemoryLayout<Number>.size).setNetworkOrder(0, number)
    }

    public mutating func append(_ attribute: STUNAttribute, _ bytes: [UInt8]) {
        append(attribute, size: bytes.count).copyBytes(from: bytes)
    }

    /// USERNAME: the fragment of the agent that is asked, a colon, and that of the one that asks (RFC 8445, section 7.1.3).
    public mutating func append(username asked: [UInt8], _ asking: [UInt8]) {
        let value = append(.username, size: asked.count + 1 + asking.count)
        value.copyBytes(from: asked)
        value[asked.count] = UInt8(ascii: ":")
        UnsafeMutableRawBufferPointer(rebasing: value[(asked.count + 1)...]).copyBytes(from: asking)
    }

    /// ERROR-CODE without a reason in words, which no program reads.
    public mutating func append(_ error: STUNErrorCode) {
        append(.errorCode, UInt32(error.number / 100) << 8 | UInt32(error.number % 100))
    }

    public mutating func append(unknownAttributes types: [UInt16]) {
        let value = append(.unknownAttributes, size: 2 * types.count)
        for index in types.indices { value.setNetworkOrder(2 * index, types[index]) }
    }

    /// Room for an attribute's value; its padding is zero.
    mutating func append(_ attribute: STUNAttribute, size: Int) -> UnsafeMutableRawBufferPointer {
        let padded = (size + 3) & ~3
        precondition(count + 4 + padded <= buffer.count, "a message of more than its bound")
        buffer.setNetworkOrder(count, attribute.rawValue)
        buffer.setNetworkOrder(count + 2, UInt16(size))
        let value = UnsafeMutableRawBufferPointer(rebasing: buffer[count + 4..<count + 4 + size])
        for index in size..<padded { buffer[count + 4 + index] = 0 }
        count += 4 + padded
        return value
    }

    // MARK: The end

    /// Appends MESSAGE-INTEGRITY if there is a password, and FINGERPRINT if it is wanted.
    /// - Returns: The size of the message.
    public mutating func finish(password: [UInt8]? = nil, fingerprint: Bool = true) -> Int {
        if let password {
            let end = count
            let code = append(.messageIntegrity, size: HMACSHA1.length)
            setLength()
            let covered = UnsafeRawBufferPointer(buffer)
            let body = covered.range(STUNMessage.headerSize, count: end - STUNMessage.headerSize)
            let header = covered.range(0, count: STUNMessage.headerSize)
            password.withUnsafeBytes { HMACSHA1.write(key: $0, header, body, to: code) }
        }
        if fingerprint {
            let end = count
            let code = append(.fingerprint, size: 4)
            setLength()
            code.setNetworkOrder(0, CRC32.checksum(UnsafeRawBufferPointer(buffer).range(0, count: end)) ^ STUNMessage.fingerprintMask)
        }
        setLength()
        return count
    }

    private func setLength() { buffer.setNetworkOrder(2, UInt16(count - STUNMessage.headerSize)) }
}
