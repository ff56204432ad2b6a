/// What stands in the DER of RSA and ECDSA keys (RFC 5280, 3279, 5480), checked before any arithmetic sees it.
enum SubjectPublicKeyInfo {
    /// RSA moduli in bits: below is weak, above costs the verifier too much time.
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
        // An exponent of more than 4 bytes makes verifying slow, an even one or 1 makes no key.
        guard exponent.count <= 4, let last = exponent.last, last & 1 == 1, exponent != [1] else { throw .malformed(.rsa) }
    }

    /// The uncompressed point of a P-256 key.
    static func p256Point(_ der: [UInt8]) throws(KeyError) -> [UInt8] {
        guard let (algorithm, point) = split(der) else { throw .malformed(.ecdsa) }
        var parameters = algorithm
        guard parameters.content(.objectIdentifier) == OID.ecPublicKey, let curve = parameters.content(.objectIdentifier),
            parameters.isAtEnd
        else { throw .malformed(.ecdsa) }
        guard curve == OID.p256 else { throw .unsupportedCurve }
        guard point.count == 65, point[0] == 4 else { throw .malformed(.ecdsa) }
        return point
    }

    /// The DER around an uncompressed P-256 point.
    static func p256(point: [UInt8]) -> [UInt8] {
        let algorithm = DERWriter.element(
            DERReader.Tag.sequence.rawValue,
            DERWriter.element(DERReader.Tag.objectIdentifier.rawValue, OID.ecPublicKey)
                + DERWriter.element(DERReader.Tag.objectIdentifier.rawValue, OID.p256))
        return DERWriter.element(
            DERReader.Tag.sequence.rawValue, algorithm + DERWriter.element(DERReader.Tag.bitString.rawValue, [0] + point))
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
    /// Half of secp256k1's order: a signature with a higher S has a twin with a lower one, and only the lower is taken.
    private static let halfOrderOfSecp256k1: [UInt8] = [
        0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0x5d, 0x57, 0x6e, 0x73, 0x57, 0xa4, 0x50, 0x1d, 0xdf, 0xe9, 0x2f, 0x46, 0x68, 0x1b, 0x20, 0xa0,
    ]

    /// Whether it is strict DER with integers of at most 32 bytes, and, where asked, a low S.
    static func isAcceptable(_ der: [UInt8], lowS: Bool) -> Bool {
        var outer = DERReader(der)
        guard var numbers = outer.sequence(), outer.isAtEnd, let r = numbers.positiveInteger(), let s = numbers.positiveInteger(),
            numbers.isAtEnd, r.count <= 32, s.count <= 32
        else { return false }
        return !lowS || s.count < 32 || !isGreater(s, halfOrderOfSecp256k1)
    }

    private static func isGreater(_ first: [UInt8], _ second: [UInt8]) -> Bool {
        for index in 0..<first.count where first[index] != second[index] { return first[index] > second[index] }
        return false
    }
}
