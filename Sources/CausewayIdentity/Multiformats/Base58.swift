/// Digits of a base that is not a power of two. The bytes are one big number; leading zero bytes are leading zero digits.
struct PositionalBase {
    let alphabet: StaticString
    /// Whether upper case counts as lower case.
    var foldsCase = false

    private var radix: UInt64 { UInt64(alphabet.utf8CodeUnitCount) }

    /// The time grows with the square of the length, so callers must bound it.
    func encode(_ bytes: [UInt8]) -> [UInt8] {
        var out = Self.converted(bytes, from: 256, to: radix)
        for index in out.indices { out[index] = alphabet.utf8Start[Int(out[index])] }
        return out
    }

    /// nil: a character is not a digit.
    func decode(_ text: [UInt8]) -> [UInt8]? {
        var digits: [UInt8] = []
        for character in text {
            guard let digit = digit(character) else { return nil }
            digits.append(digit)
        }
        return Self.converted(digits, from: radix, to: 256)
    }

    private func digit(_ character: UInt8) -> UInt8? {
        let character = foldsCase && character >= 0x41 && character <= 0x5a ? character | 0x20 : character
        for index in 0..<alphabet.utf8CodeUnitCount where alphabet.utf8Start[index] == character { return UInt8(index) }
        return nil
    }

    /// A number's digits in another base, the highest first.
    private static func converted(_ digits: [UInt8], from: UInt64, to: UInt64) -> [UInt8] {
        var zeros = 0
        while zeros < digits.count, digits[zeros] == 0 { zeros += 1 }
        var lowestFirst: [UInt8] = []
        var position = zeros
        while position < digits.count {
            // Four digits at once, since the work does not depend on how large they are.
            var carry: UInt64 = 0
            var factor: UInt64 = 1
            for _ in 0..<4 where position < digits.count {
                carry = carry * from + UInt64(digits[position])
                factor *= from
                position += 1
            }
            for index in lowestFirst.indices {
                carry += UInt64(lowestFirst[index]) * factor
                lowestFirst[index] = UInt8(truncatingIfNeeded: carry % to)
                carry /= to
            }
            while carry > 0 {
                lowestFirst.append(UInt8(truncatingIfNeeded: carry % to))
                carry /= to
            }
        }
        var out = [UInt8](repeating: 0, count: zeros)
        var index = lowestFirst.count
        while index > 0 {
            index -= 1
            out.append(lowestFirst[index])
        }
        return out
    }
}

/// Base58 with Bitcoin's alphabet, which peer ids use.
public enum Base58 {
    static let base = PositionalBase(alphabet: "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz")

    @inline(never)
    public static func encode(_ bytes: [UInt8]) -> [UInt8] { base.encode(bytes) }

    /// nil: a character is not a digit.
    public static func decode(_ text: [UInt8]) -> [UInt8]? { base.decode(text) }
}
