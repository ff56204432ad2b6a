/// The two header values by which the sides of a handshake recognise each other (RFC 6455 section 1.3).
enum WebSocketKey {
    /// `Sec-WebSocket-Accept` for a `Sec-WebSocket-Key` as it was in the head.
    static func accept(for key: [UInt8]) -> [UInt8] {
        var text = key
        text.append("258EAFA5-E914-47DA-95CA-C5AB0DC85B11" as StaticString)
        return base64(SHA1.hash(text))
    }

    static func base64(_ bytes: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        var index = 0
        while index < bytes.count {
            let left = bytes.count - index
            var group = UInt32(bytes[index]) << 16
            if left > 1 { group |= UInt32(bytes[index + 1]) << 8 }
            if left > 2 { group |= UInt32(bytes[index + 2]) }
            out.append(digit(group >> 18))
            out.append(digit(group >> 12))
            out.append(left > 1 ? digit(group >> 6) : pad)
            out.append(left > 2 ? digit(group) : pad)
            index += 3
        }
        return out
    }

    /// Whether the text is base64 of 16 bytes: 22 digits, then two pads.
    static func isKey(_ text: [UInt8]) -> Bool {
        guard text.count == 24, text[22] == pad, text[23] == pad else { return false }
        for index in 0..<22 where !isDigit(text[index]) { return false }
        return true
    }

    private static let pad: UInt8 = 0x3d

    private static func digit(_ value: UInt32) -> UInt8 {
        let value = UInt8(truncatingIfNeeded: value & 63)
        switch value {
        case 0..<26: return 0x41 + value
        case 26..<52: return 0x61 + (value - 26)
        case 52..<62: return 0x30 + (value - 52)
        case 62: return 0x2b
        default: return 0x2f
        }
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x41...0x5a, 0x61...0x7a, 0x30...0x39, 0x2b, 0x2f: true
        default: false
        }
    }
}

extension Array where Element == UInt8 {
    /// Appends a literal's UTF-8 bytes.
    mutating func append(_ literal: StaticString) {
        append(contentsOf: UnsafeBufferPointer(start: literal.utf8Start, count: literal.utf8CodeUnitCount))
    }
}
