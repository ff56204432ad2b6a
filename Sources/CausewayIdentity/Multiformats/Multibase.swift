/// Bytes as text with the base's letter in front (multiformats/multibase): those bases that libp2p's addresses and ids use.
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

    /// The bytes of any of these; nil if the letter is of another base, or the digits are not of this one. Hex, base32 and base36 may be
    /// written in either case. Time grows by the square of the length for base36 and base58: callers bound it.
    public static func decode(_ text: [UInt8]) -> [UInt8]? {
        guard let first = text.first, let base = Multibase(rawValue: first) else { return nil }
        let digits = [UInt8](text[1...])
        if let bits = base.bits { return bits.decode(digits) }
        return base == .base58 ? Base58.decode(digits) : Self.lower36.decode(digits, foldingCase: true)
    }

    /// The letter and the digits.
    public func encode(_ bytes: [UInt8]) -> [UInt8] {
        [rawValue] + digits(bytes)
    }

    private func digits(_ bytes: [UInt8]) -> [UInt8] {
        if let bits { return bits.encode(bytes) }
        switch self {
        case .base58: return Base58.encode(bytes)
        case .base36Upper: return PositionalBase(alphabet: "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ").encode(bytes)
        default: return Self.lower36.encode(bytes)
        }
    }

    private static let lower36 = PositionalBase(alphabet: "0123456789abcdefghijklmnopqrstuvwxyz")

    private var bits: BitBase? {
        switch self {
        case .base16: BitBase(bits: 4, alphabet: "0123456789abcdef", foldsCase: true)
        case .base16Upper: BitBase(bits: 4, alphabet: "0123456789ABCDEF", foldsCase: true)
        case .base32: BitBase(bits: 5, alphabet: "abcdefghijklmnopqrstuvwxyz234567", foldsCase: true)
        case .base32Padded: BitBase(bits: 5, alphabet: "abcdefghijklmnopqrstuvwxyz234567", isPadded: true, foldsCase: true)
        case .base32Upper: BitBase(bits: 5, alphabet: "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", foldsCase: true)
        case .base32Hex: BitBase(bits: 5, alphabet: "0123456789abcdefghijklmnopqrstuv", foldsCase: true)
        case .base32HexUpper: BitBase(bits: 5, alphabet: "0123456789ABCDEFGHIJKLMNOPQRSTUV", foldsCase: true)
        case .base64: BitBase(bits: 6, alphabet: Base64.standard)
        case .base64Padded: BitBase(bits: 6, alphabet: Base64.standard, isPadded: true)
        case .base64URL: BitBase(bits: 6, alphabet: Base64.url)
        case .base64URLPadded: BitBase(bits: 6, alphabet: Base64.url, isPadded: true)
        case .base36, .base36Upper, .base58: nil
        }
    }
}
