// Text functions of our own: the standard library's would bring Unicode tables into the page. See docs/workarounds.md.

/// Characters as UTF-8.
enum UTF8Text {
    /// The number of bytes of the character at `index` (RFC 3629). 0: it is not a character.
    static func characterLength(_ bytes: [UInt8], at index: Int) -> Int {
        let first = bytes[index]
        guard first >= 0x80 else { return 1 }
        let length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2
        guard first >= 0xc2, first <= 0xf4, bytes.count - index >= length else { return 0 }
        for offset in 1..<length where bytes[index + offset] & 0xc0 != 0x80 { return 0 }
        // The encoding is longer than necessary, a surrogate, or beyond the last character.
        let isSecondHigh = bytes[index + 1] >= (first >= 0xf0 ? 0x90 : 0xa0)
        switch first {
        case 0xe0, 0xf0: return isSecondHigh ? length : 0
        case 0xed, 0xf4: return isSecondHigh ? 0 : length
        default: return length
        }
    }

    /// Appends a scalar, which must not be a surrogate.
    static func append(_ scalar: UInt32, to bytes: inout [UInt8]) {
        var shift: UInt32 = scalar < 0x80 ? 0 : scalar < 0x800 ? 6 : scalar < 0x1_0000 ? 12 : 18
        let mark: UInt32 = scalar < 0x80 ? 0 : scalar < 0x800 ? 0xc0 : scalar < 0x1_0000 ? 0xe0 : 0xf0
        bytes.append(UInt8(truncatingIfNeeded: mark | scalar >> shift))
        while shift > 0 {
            shift -= 6
            bytes.append(UInt8(truncatingIfNeeded: 0x80 | scalar >> shift & 0x3f))
        }
    }
}

/// Hexadecimal digits.
public enum HexText {
    /// The digit's value, in either case. nil: it is no digit.
    public static func digit(_ character: UInt8) -> UInt8? {
        switch character {
        case 0x30...0x39: character - 0x30
        case 0x41...0x46: character - 0x37
        case 0x61...0x66: character - 0x57
        default: nil
        }
    }

    /// The digit for the lowest four bits.
    static func character(_ value: UInt8) -> UInt8 {
        let digit = value & 0xf
        return digit < 10 ? 0x30 + digit : 0x57 + digit
    }

    /// The upper-case digit for the lowest four bits.
    public static func upperCharacter(_ value: UInt8) -> UInt8 {
        let character = character(value)
        return character >= 0x61 ? character - 0x20 : character
    }
}

/// Numbers as decimal digits.
public enum DecimalText {
    public static func append(_ value: UInt64, to out: inout [UInt8]) {
        if value >= 10 { append(value / 10, to: &out) }
        out.append(0x30 + UInt8(truncatingIfNeeded: value % 10))
    }

    /// nil: the text has anything but digits, has none, or exceeds `limit`.
    public static func parse(_ text: [UInt8], limit: UInt64 = .max) -> UInt64? {
        guard !text.isEmpty else { return nil }
        var value: UInt64 = 0
        for character in text {
            guard character >= 0x30, character <= 0x39 else { return nil }
            let digit = UInt64(character - 0x30)
            guard digit <= limit, value <= (limit - digit) / 10 else { return nil }
            value = value * 10 + digit
        }
        return value
    }
}
