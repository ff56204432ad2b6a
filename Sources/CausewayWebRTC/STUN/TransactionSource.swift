import CausewayIdentity

/// What an agent draws from one secret: transaction ids, or its name and password. Nobody who sees some can tell others, and the same
/// secret gives the same again.
struct TransactionSource {
    private let secret: [UInt8]
    private var count: UInt64 = 0

    /// What is drawn. What is drawn for one purpose tells nothing of another's.
    enum Purpose: UInt8 { case transactions, credentials, directDial }

    /// - Parameter secret: 32 bytes or more that nobody else knows.
    init(_ purpose: Purpose, secret: [UInt8]) { self.secret = secret + [purpose.rawValue] }

    /// 32 bytes.
    mutating func bytes() -> [UInt8] {
        count += 1
        var number: [UInt8] = []
        for shift in 0..<8 { number.append(UInt8(truncatingIfNeeded: count >> UInt64(8 * shift))) }
        return SHA256.hash(secret, number)
    }

    mutating func next() -> TransactionID {
        bytes().withUnsafeBytes {
            TransactionID(high: $0.loadUnaligned(as: UInt32.self), low: $0.loadUnaligned(fromByteOffset: 4, as: UInt64.self))
        }
    }

    mutating func number() -> UInt64 { bytes().withUnsafeBytes { $0.loadUnaligned(as: UInt64.self) } }

    /// `count` characters of 6 bits each, at most 32, as ICE names and passwords have (RFC 8839, section 5.4).
    mutating func characters(_ count: Int) -> [UInt8] {
        bytes().prefix(count).map { Self.alphabet[Int($0 & 63)] }
    }

    private static let alphabet = [UInt8](utf8: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
}
