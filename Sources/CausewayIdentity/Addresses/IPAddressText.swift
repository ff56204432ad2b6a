/// IP addresses as text: IPv4 as four decimal numbers, IPv6 as RFC 4291 reads it and RFC 5952 writes it. No zones.
public enum IPAddressText {
    /// 4 bytes. nil: it is not an IPv4 address. Leading zeros are refused, because some programs read them as octal.
    public static func ipv4(_ text: [UInt8]) -> [UInt8]? {
        var out: [UInt8] = []
        var value: UInt32 = 0
        var digits = 0
        for character in text {
            if character == UInt8(ascii: ".") {
                guard digits > 0, out.count < 3 else { return nil }
                out.append(UInt8(value))
                value = 0
                digits = 0
            } else {
                guard character >= 0x30, character <= 0x39, digits == 0 || value > 0 else { return nil }
                value = value * 10 + UInt32(character - 0x30)
                digits += 1
                guard value <= 255 else { return nil }
            }
        }
        guard digits > 0, out.count == 3 else { return nil }
        out.append(UInt8(value))
        return out
    }

    /// 16 bytes. nil: it is not an IPv6 address.
    public static func ipv6(_ text: [UInt8]) -> [UInt8]? {
        var out: [UInt8] = []
        var gap: Int?
        var position = 0
        if text.count >= 2, text[0] == colon, text[1] == colon {
            gap = 0
            position = 2
        }
        while position < text.count {
            guard out.count < 16 else { return nil }
            var end = position
            while end < text.count, text[end] != colon { end += 1 }
            let part = [UInt8](copying: text, position..<end)
            if end == text.count, out.count <= 12, let four = ipv4(part) {
                out += four
                break
            }
            guard let group = hex(part) else { return nil }
            out.append(UInt8(group >> 8))
            out.append(UInt8(truncatingIfNeeded: group))
            guard end < text.count else { break }
            position = end + 1
            // A colon must be followed by a group, or by a second colon once.
            guard position < text.count else { return nil }
            if text[position] == colon {
                guard gap == nil else { return nil }
                gap = out.count
                position += 1
            }
        }
        guard let gap else { return out.count == 16 ? out : nil }
        guard out.count < 16 else { return nil }
        return filled(out, at: gap)
    }

    /// The text of an address of 4 or 16 bytes.
    public static func text(_ address: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        if address.count == 4 {
            appendIPv4(address, 0, to: &out)
            return out
        }
        guard address.count == 16 else { return out }
        if isIPv4Mapped(address) {
            out = [UInt8](utf8: "::ffff:")
            appendIPv4(address, 12, to: &out)
            return out
        }
        appendIPv6(address, to: &out)
        return out
    }

    /// Whether 16 bytes are an IPv4 address in the form ::ffff:a.b.c.d.
    static func isIPv4Mapped(_ address: [UInt8]) -> Bool {
        for index in 0..<10 where address[index] != 0 { return false }
        return address[10] == 0xff && address[11] == 0xff
    }

    private static let colon = UInt8(ascii: ":")

    private static func hex(_ text: [UInt8]) -> UInt16? {
        guard text.count >= 1, text.count <= 4 else { return nil }
        var value: UInt16 = 0
        for character in text {
            guard let digit = HexText.digit(character) else { return nil }
            value = value << 4 | UInt16(digit)
        }
        return value
    }

    /// The bytes, with the missing zeros at `gap`.
    private static func filled(_ bytes: [UInt8], at gap: Int) -> [UInt8] {
        var out: [UInt8] = []
        for index in 0..<16 {
            let behind = index - 16 + bytes.count
            out.append(index < gap ? bytes[index] : behind >= gap ? bytes[behind] : 0)
        }
        return out
    }

    private static func appendIPv4(_ address: [UInt8], _ start: Int, to out: inout [UInt8]) {
        for index in 0..<4 {
            if index > 0 { out.append(UInt8(ascii: ".")) }
            DecimalText.append(UInt64(address[start + index]), to: &out)
        }
    }

    private static func appendIPv6(_ address: [UInt8], to out: inout [UInt8]) {
        let gap = longestZeros(address)
        var index = 0
        while index < 8 {
            if index == gap.lowerBound {
                out.append(colon)
                out.append(colon)
                index = gap.upperBound
                continue
            }
            if index > 0, index != gap.upperBound { out.append(colon) }
            appendHex(group(address, index), to: &out)
            index += 1
        }
    }

    private static func group(_ address: [UInt8], _ index: Int) -> UInt16 {
        UInt16(address[2 * index]) << 8 | UInt16(address[2 * index + 1])
    }

    /// The first of the longest runs of at least two zero groups. If there is none, an empty range behind all groups.
    private static func longestZeros(_ address: [UInt8]) -> Range<Int> {
        var best = 8..<8
        var start = 0
        for index in 0..<8 {
            if group(address, index) != 0 {
                start = index + 1
            } else if index + 1 - start >= 2, index + 1 - start > best.count {
                best = start..<(index + 1)
            }
        }
        return best
    }

    private static func appendHex(_ group: UInt16, to out: inout [UInt8]) {
        if group >= 16 { appendHex(group >> 4, to: &out) }
        out.append(HexText.character(UInt8(truncatingIfNeeded: group)))
    }
}
