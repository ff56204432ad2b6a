import CausewayIdentity

/// The random numbers of an association, made from one secret that its owner draws.
struct AssociationEntropy {
    let secret: Secret
    private var counter: UInt64 = 0

    init(_ entropy: [UInt8]) { secret = Secret(entropy) }

    mutating func number64() -> UInt64 {
        counter += 1
        let code = withUnsafeBytes(of: counter.bigEndian) { HMACSHA256.code(of: $0, key: secret) }
        var number: UInt64 = 0
        for index in 0..<8 { number = number << 8 | UInt64(code[index]) }
        return number
    }

    mutating func number32() -> UInt32 { UInt32(truncatingIfNeeded: number64()) }

    /// 0 is no tag (RFC 9260, section 3.3.2).
    mutating func tag() -> UInt32 { max(1, number32()) }
}
