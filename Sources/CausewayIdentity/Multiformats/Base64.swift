/// Digits of 4 to 6 bits (RFC 4648).
struct BitBase {
    let bits: UInt32
    /// The characters of the digits come first.
    let alphabet: StaticString
    var isPadded = false
    /// Whether upper case counts as lower case.
    var foldsCase = false

    /// How many characters make whole bytes. Padding fills up to this.
    private var group: Int { bits == 5 ? 8 : bits == 6 ? 4 : 2 }

    func encode(_ bytes: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        var buffer: UInt32 = 0
        var held: UInt32 = 0
        for byte in bytes {
            buffer = buffer &<< 8 | UInt32(byte)
            held += 8
            while held >= bits {
                held -= bits
                out.append(character(buffer &>> held))
            }
        }
        if held > 0 { out.append(character(buffer &<< (bits - held))) }
        while isPadded, out.count % group != 0 { out.append(UInt8(ascii: "=")) }
        return out
    }

    /// nil: a character is not a digit, the length is impossible, the padding is wrong, or (unless `lenient`) unused bits are set.
    func decode(_ text: [UInt8], lenient: Bool = false) -> [UInt8]? {
        var end = text.count
        if isPadded {
            guard end % group == 0 else { return nil }
            while end > 0, text.count - end < group, text[end - 1] == UInt8(ascii: "=") { end -= 1 }
        }
        let digits = digits
        var out: [UInt8] = []
        var buffer: UInt32 = 0
        var held: UInt32 = 0
        for index in 0..<end {
            let digit = digits[Int(text[index])]
            guard digit != 0xff else { return nil }
            buffer = buffer &<< bits | UInt32(digit)
            held += bits
            if held >= 8 {
                held -= 8
                out.append(UInt8(truncatingIfNeeded: buffer &>> held))
            }
        }
        guard held < bits, lenient || buffer & (1 &<< held - 1) == 0 else { return nil }
        if isPadded, (out.count * 8 + Int(bits) - 1) / Int(bits) != end { return nil }
        return out
    }

    /// The character for the lowest bits.
    private func character(_ value: UInt32) -> UInt8 { alphabet.utf8Start[Int(value & (1 &<< bits - 1))] }

    /// The digit of each character. 0xff: it is none.
    private var digits: [UInt8] {
        var table = [UInt8](repeating: 0xff, count: 256)
        for index in 0..<1 &<< Int(bits) {
            let character = alphabet.utf8Start[index]
            table[Int(character)] = UInt8(index)
            if foldsCase, character >= 0x61 { table[Int(character & 0xdf)] = UInt8(index) }
        }
        return table
    }
}

/// Base64 with padding (RFC 4648, section 4).
public enum Base64 {
    static let standard: StaticString = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    static let url: StaticString = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

    private static let base = BitBase(bits: 6, alphabet: standard, isPadded: true)

    public static func encode(_ bytes: [UInt8]) -> [UInt8] { base.encode(bytes) }

    /// nil: the text is not base64 in its single form.
    public static func decode(_ text: [UInt8]) -> [UInt8]? { base.decode(text) }
}
