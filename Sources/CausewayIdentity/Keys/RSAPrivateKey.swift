/// The DER of a private key of RSA (RFC 8017, A.1.2).
enum RSAPrivateKey {
    /// Checks form and size before any arithmetic: version 0, which has two primes, and eight positive numbers, the first of which is the
    /// modulus.
    static func check(_ der: [UInt8]) throws(KeyError) {
        var outer = DERReader(der)
        guard var numbers = outer.sequence(), outer.isAtEnd, numbers.content(.integer) == [0], let modulus = numbers.positiveInteger(),
            let top = modulus.first
        else { throw .malformed(.rsa) }
        let bits = modulus.count * 8 - top.leadingZeroBitCount
        guard SubjectPublicKeyInfo.rsaBits.contains(bits) else { throw .rsaSize(bits: bits) }
        for _ in 0..<7 { guard numbers.positiveInteger() != nil else { throw .malformed(.rsa) } }
        guard numbers.isAtEnd else { throw .malformed(.rsa) }
    }
}
