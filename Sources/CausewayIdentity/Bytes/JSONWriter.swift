extension JSON {
    /// The value as compact UTF-8 text.
    public var bytes: [UInt8] {
        var out: [UInt8] = []
        append(to: &out)
        return out
    }

    /// Appends the value as compact UTF-8 text. In strings, invalid UTF-8 becomes U+FFFD. Numbers that JSON does not have become null.
    public func append(to out: inout [UInt8]) {
        switch self {
        case .null: Self.append("null", to: &out)
        case .bool(let value): Self.append(value ? "true" : "false", to: &out)
        case .integer(let value): Self.append(value, to: &out)
        case .number(let value): Self.append(value, to: &out)
        case .string(let value): Self.append(string: value, to: &out)
        case .array(let values):
            out.append(UInt8(ascii: "["))
            for (index, value) in values.enumerated() {
                if index > 0 { out.append(UInt8(ascii: ",")) }
                value.append(to: &out)
            }
            out.append(UInt8(ascii: "]"))
        case .object(let members):
            out.append(UInt8(ascii: "{"))
            for (index, member) in members.enumerated() {
                if index > 0 { out.append(UInt8(ascii: ",")) }
                Self.append(string: member.name, to: &out)
                out.append(UInt8(ascii: ":"))
                member.value.append(to: &out)
            }
            out.append(UInt8(ascii: "}"))
        }
    }

    private static func append(_ word: StaticString, to out: inout [UInt8]) {
        for index in 0..<word.utf8CodeUnitCount { out.append(word.utf8Start[index]) }
    }

    private static func append(_ value: Int64, to out: inout [UInt8]) {
        if value < 0 { out.append(UInt8(ascii: "-")) }
        append(value.magnitude, to: &out)
    }

    private static func append(_ value: UInt64, to out: inout [UInt8], width: Int = 1) {
        var digits: [UInt8] = []
        var rest = value
        while rest > 0 || digits.count < width {
            digits.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10))
            rest /= 10
        }
        out.append(contentsOf: digits.reversed())
    }

    /// Appends a string as compact UTF-8 text in quotes. Invalid UTF-8 becomes U+FFFD.
    public static func append(string text: [UInt8], to out: inout [UInt8]) {
        out.append(UInt8(ascii: "\""))
        var index = 0
        while index < text.count {
            let byte = text[index]
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                out.append(UInt8(ascii: "\\"))
                out.append(byte)
            case 0x0a: append("\\n", to: &out)
            case 0x0d: append("\\r", to: &out)
            case 0x09: append("\\t", to: &out)
            case 0..<0x20, 0x7f:
                append("\\u00", to: &out)
                out.append(HexText.character(byte >> 4))
                out.append(HexText.character(byte))
            default:
                let length = UTF8Text.characterLength(text, at: index)
                for offset in 0..<length { out.append(text[index + offset]) }
                if length == 0 { UTF8Text.append(0xfffd, to: &out) }
                index += max(length - 1, 0)
            }
            index += 1
        }
        out.append(UInt8(ascii: "\""))
    }

    /// The fewest decimals, up to 15, that read back as the same value. If that is not enough, 16 significant digits and an exponent.
    private static func append(_ value: Double, to out: inout [UInt8]) {
        guard value.isFinite else { return append("null", to: &out) }
        if value < 0 { out.append(UInt8(ascii: "-")) }
        let size = value.magnitude
        if size == 0 || (size >= 1e-5 && size < 9e15) {
            var scale = 1.0
            for decimals in 0...15 {
                guard size * scale < 9e15 else { break }
                let scaled = UInt64(size * scale + 0.5)
                if Double(scaled) / scale == size { return append(scaled, decimals: decimals, to: &out) }
                scale *= 10
            }
        }
        var mantissa = size
        var exponent: Int64 = 0
        while mantissa >= 1e16 {
            mantissa /= 10
            exponent += 1
        }
        while mantissa < 1e15 {
            mantissa *= 10
            exponent -= 1
        }
        append(UInt64(mantissa), to: &out)
        out.append(UInt8(ascii: "e"))
        append(exponent, to: &out)
    }

    private static func append(_ scaled: UInt64, decimals: Int, to out: inout [UInt8]) {
        var scale: UInt64 = 1
        for _ in 0..<decimals { scale *= 10 }
        append(scaled / scale, to: &out)
        guard decimals > 0 else { return }
        out.append(UInt8(ascii: "."))
        append(scaled % scale, to: &out, width: decimals)
    }
}
