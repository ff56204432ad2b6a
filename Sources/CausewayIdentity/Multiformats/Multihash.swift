/// A hash with its function's code and its length in front (multiformats/multihash).
enum Multihash {
    static let identity: UInt64 = 0x00
    static let sha256: UInt64 = 0x12

    /// The parts of exactly one multihash; nil if the bytes end early or go on behind it.
    static func parse(_ bytes: [UInt8]) -> (code: UInt64, digest: [UInt8])? {
        bytes.withUnsafeBytes { all -> (code: UInt64, digest: [UInt8])? in
            guard case .value(let code, let codeLength) = Varint.decode(all) else { return nil }
            let rest = UnsafeRawBufferPointer(rebasing: all[codeLength...])
            guard case .value(let length, let lengthLength) = Varint.decode(rest) else { return nil }
            guard length == UInt64(rest.count - lengthLength) else { return nil }
            return (code, [UInt8](copying: UnsafeRawBufferPointer(rebasing: rest[lengthLength...])))
        }
    }
}
