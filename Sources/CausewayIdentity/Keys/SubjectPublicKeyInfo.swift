/// The content of the DER of RSA and ECDSA keys (RFC 5280, 3279, 5480), which is checked before any arithmetic.
enum SubjectPublicKeyInfo {
    /// The size of RSA moduli in bits. Smaller ones are weak, and larger ones cost the verifier too much time.
    static let rsaBits = 2_048...8_192

    static func checkRSA(_ der: [UInt8]) throws(KeyError) {
        guard let (algorithm, key) = split(der) else { throw .malformed(.rsa) }
        var parameters = algorithm
        guard parameters.content(.objectIdentifier) == OID.rsaEncryption, parameters.content(.null) == [], parameters.isAtEnd else {
            throw .malformed(.rsa)
        }
        var outer = DERReader(key)
        guard var numbers = outer.sequence(), outer.isAtEnd, let modulus = numbers.positiveInteger(),
            let exponent = numbers.positiveInteger(), numbers.isAtEnd, let top = modulus.first
        else { throw .malformed(.rsa) }
        let bits = modulus.count * 8 - top.leadingZeroBitCount
        guard rsaBits.contains(bits) else { throw .rsaSize(bits: bits) }
        // An exponent of more than 4 bytes makes verifying slow. An even exponent or 1 is not a valid key.
        guard exponent.count <= 4, let last = exponent.last, last & 1 == 1, exponent != [1] else { throw .malformed(.rsa) }
    }

    /// An uncompressed point on one of the curves that go-libp2p accepts.
    static func checkECDSA(_ der: [UInt8]) throws(KeyError) {
        guard let (algorithm, point) = split(der) else { throw .malformed(.ecdsa) }
        var parameters = algorithm
        guard parameters.content(.objectIdentifier) == OID.ecPublicKey, let curve = parameters.content(.objectIdentifier),
            parameters.isAtEnd
        else { throw .malformed(.ecdsa) }
        let size: Int
        switch curve {
        case OID.p224: size = 28
        case OID.p256: size = 32
        case OID.p384: size = 48
        case OID.p521: size = 66
        default: throw .unsupportedCurve
        }
        guard point.count == 1 + 2 * size, point[0] == 4 else { throw .malformed(.ecdsa) }
    }

    private static func split(_ der: [UInt8]) -> (algorithm: DERReader, key: [UInt8])? {
        var outer = DERReader(der)
        guard var info = outer.sequence(), outer.isAtEnd, let algorithm = info.sequence(), let key = info.bitString(), info.isAtEnd else {
            return nil
        }
        return (algorithm, key)
    }
}

/// An ECDSA signature as DER: two positive integers.
enum ECDSASignature {
    /// Half of secp256k1's order. A signature with a higher S has a twin with a lower one, and only the lower one is accepted.
    private static let halfOrderOfSecp256k1: [UInt8] = [
        0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0x5d, 0x57, 0x6e, 0x73, 0x57, 0xa4, 0x50, 0x1d, 0xdf, 0xe9, 0x2f, 0x46, 0x68, 0x1b, 0x20, 0xa0,
    ]

    /// The most bytes of a point's coordinates (P-521), and of R and S.
    private static let longest = 66

    /// The signature without the bytes behind it: go-libp2p accepts such bytes for ECDSA keys.
    static func withoutRest(_ der: [UInt8]) -> [UInt8] {
        var outer = DERReader(der)
        guard let range = outer.range(.sequence) else { return der }
        return [UInt8](der[..<range.upperBound])
    }

    /// Whether it is strict DER with integers that some curve has, and, if required, a low S.
    static func isAcceptable(_ der: [UInt8], lowS: Bool) -> Bool {
        var outer = DERReader(der)
        guard var numbers = outer.sequence(), outer.isAtEnd, let r = numbers.positiveInteger(), let s = numbers.positiveInteger(),
            numbers.isAtEnd, r.count <= longest, s.count <= longest
        else { return false }
        return !lowS || s.count < 32 || s.count == 32 && !isGreater(s, halfOrderOfSecp256k1)
    }

    private static func isGreater(_ first: [UInt8], _ second: [UInt8]) -> Bool {
        for index in 0..<first.count where first[index] != second[index] { return first[index] > second[index] }
        return false
    }
}
