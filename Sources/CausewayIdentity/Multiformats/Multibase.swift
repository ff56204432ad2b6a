/// Bytes as text that begins with the base's letter (multiformats/multibase), in the bases that libp2p's addresses and ids use.
public enum Multibase: UInt8, Sendable, CaseIterable {
    case base16 = 0x66  // f
    case base16Upper = 0x46  // F
    case base32 = 0x62  // b
    case base32Upper = 0x42  // B
    case base32Hex = 0x76  // v
    case base32HexUpper = 0x56  // V
    case base32Padded = 0x63  // c
    case base36 = 0x6b  // k
    case base36Upper = 0x4b  // K
    case base58 = 0x7a  // z
    case base64 = 0x6d  // m
    case base64Padded = 0x4d  // M
    case base64URL = 0x75  // u
    case base64URLPadded = 0x55  // U

    /// The bytes of a text in any of these bases. nil: the letter is of another base, or a character is not a digit of this one.
    /// Hexadecimal, base32 and base36 may be in either case. For base36 and base58, the time grows with the square of the length, so
    /// callers must bound it.
    public static func decode(_ text: [UInt8]) -> [UInt8]? {
        guard let first = text.first, let base = Multibase(rawValue: first) else { return nil }
        let digits = [UInt8](copying: text, 1..<text.count)
        return base.bits > 0 ? base.bitBase.decode(digits) : base.positionalBase.decode(digits)
    }

    /// The letter and the digits.
    public func encode(_ bytes: [UInt8]) -> [UInt8] {
        var out = [rawValue]
        out += bits > 0 ? bitBase.encode(bytes) : positionalBase.encode(bytes)
        if isUpper { for index in out.indices where out[index] >= 0x61 && out[index] <= 0x7a { out[index] -= 0x20 } }
        return out
    }

    private var bitBase: BitBase { BitBase(bits: bits, alphabet: alphabet, isPadded: isPadded, foldsCase: bits < 6) }
    private var positionalBase: PositionalBase { PositionalBase(alphabet: alphabet, foldsCase: self != .base58) }

    /// The bits of a digit. 0: the base is not a power of two.
    private var bits: UInt32 {
        switch self {
        case .base16, .base16Upper: 4
        case .base32, .base32Upper, .base32Hex, .base32HexUpper, .base32Padded: 5
        case .base64, .base64Padded, .base64URL, .base64URLPadded: 6
        case .base36, .base36Upper, .base58: 0
        }
    }

    private var alphabet: StaticString {
        switch self {
        case .base16, .base16Upper, .base32Hex, .base32HexUpper, .base36, .base36Upper: "0123456789abcdefghijklmnopqrstuvwxyz"
        case .base32, .base32Upper, .base32Padded: "abcdefghijklmnopqrstuvwxyz234567"
        case .base58: Base58.base.alphabet
        case .base64, .base64Padded: Base64.standard
        case .base64URL, .base64URLPadded: Base64.url
        }
    }

    /// An upper-case letter means upper-case digits or, in base64, padding.
    private var isUpper: Bool { rawValue < 0x60 && bits != 6 }
    private var isPadded: Bool { self == .base32Padded || rawValue < 0x60 && bits == 6 }
}
