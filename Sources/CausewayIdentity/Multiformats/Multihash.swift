/// A hash preceded by its function's code and its length (multiformats/multihash).
enum Multihash {
    static let identity: UInt64 = 0x00
    static let sha256: UInt64 = 0x12

    /// The code and length of exactly one multihash. nil: the bytes end early, or bytes follow it.
    static func parse(_ bytes: [UInt8]) -> (code: UInt64, digestLength: Int)? {
        guard case .value(let code, let codeLength) = Varint.decode(bytes, at: 0),
            case .value(let length, let lengthLength) = Varint.decode(bytes, at: codeLength)
        else { return nil }
        let rest = bytes.count - codeLength - lengthLength
        return length == UInt64(rest) ? (code, rest) : nil
    }
}
