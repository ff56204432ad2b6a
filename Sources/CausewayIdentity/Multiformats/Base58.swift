/// Digits of a base that is no power of two: the bytes are one big number, leading zero bytes are leading zero digits.
struct PositionalBase {
    let alphabet: StaticString

    private var radix: UInt32 { UInt32(alphabet.utf8CodeUnitCount) }

    /// Time grows by the square of the length: callers bound it.
    func encode(_ bytes: [UInt8]) -> [UInt8] {
        var digits: [UInt8] = []
        for byte in bytes {
            var carry = UInt32(byte)
            for index in digits.indices {
                carry += UInt32(digits[index]) << 8
                digits[index] = UInt8(carry % radix)
                carry /= radix
            }
            while carry > 0 {
                digits.append(UInt8(carry % radix))
                carry /= radix
            }
        }
        return finish(digits, zeros: bytes) { alphabet.utf8Start[Int($0)] }
    }

    /// nil if a character is no digit.
    func decode(_ text: [UInt8], foldingCase: Bool = false) -> [UInt8]? {
        var bytes: [UInt8] = []
        var values: [UInt8] = []
        for character in text {
            guard let value = self.value(character, foldingCase: foldingCase) else { return nil }
            values.append(value)
            var carry = UInt32(value)
            for index in bytes.indices {
                carry += UInt32(bytes[index]) * radix
                bytes[index] = UInt8(truncatingIfNeeded: carry)
                carry >>= 8
            }
            while carry > 0 {
                bytes.append(UInt8(truncatingIfNeeded: carry))
                carry >>= 8
            }
        }
        return finish(bytes, zeros: values) { $0 }
    }

    private func value(_ character: UInt8, foldingCase: Bool) -> UInt8? {
        let character = foldingCase && character >= 0x41 && character <= 0x5a ? character | 0x20 : character
        for index in 0..<alphabet.utf8CodeUnitCount where alphabet.utf8Start[index] == character { return UInt8(index) }
        return nil
    }

    private func finish(_ reversed: [UInt8], zeros source: [UInt8], _ symbol: (UInt8) -> UInt8) -> [UInt8] {
        var out: [UInt8] = []
        for value in source {
            guard value == 0 else { break }
            out.append(symbol(0))
        }
        for value in reversed.reversed() { out.append(symbol(value)) }
        return out
    }
}

/// Base58 with Bitcoin's alphabet, in which peer ids are written.
public enum Base58 {
    static let base = PositionalBase(alphabet: "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz")

    public static func encode(_ bytes: [UInt8]) -> [UInt8] { base.encode(bytes) }

    /// nil if the text has a character that is no digit.
    public static func decode(_ text: [UInt8]) -> [UInt8]? { base.decode(text) }
}
