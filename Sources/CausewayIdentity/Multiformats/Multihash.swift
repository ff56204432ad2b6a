/// A hash with its function's code and its length in front (multiformats/multihash).
enum Multihash {
    static let identity: UInt64 = 0x00
    static let sha256: UInt64 = 0x12

    /// What exactly one multihash says of itself; nil if the bytes end early or go on behind it.
    static func parse(_ bytes: [UInt8]) -> (code: UInt64, digestLength: Int)? {
        guard case .value(let code, let codeLength) = Varint.decode(bytes, at: 0),
            case .value(let length, let lengthLength) = Varint.decode(bytes, at: codeLength)
        else { return nil }
        let rest = bytes.count - codeLength - lengthLength
        return length == UInt64(rest) ? (code, rest) : nil
    }
}
