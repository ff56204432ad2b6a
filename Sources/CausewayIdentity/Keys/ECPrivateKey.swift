/// The DER of a private key on P-256 (RFC 5915) with its curve and its point, as go's `x509.MarshalECPrivateKey` writes it.
enum ECPrivateKey {
    static func scalar(_ der: [UInt8]) throws(KeyError) -> [UInt8] {
        var outer = DERReader(der)
        guard var key = outer.sequence(), outer.isAtEnd, key.positiveInteger() == [1], let scalar = key.content(.octetString) else {
            throw .malformed(.ecdsa)
        }
        if var parameters = key.explicit(0) {
            guard parameters.content(.objectIdentifier) == OID.p256 else { throw .unsupportedCurve }
        }
        return scalar
    }

    static func encode(scalar: [UInt8], point: [UInt8]) -> [UInt8] {
        DERWriter.element(
            DERReader.Tag.sequence.rawValue,
            DERWriter.element(DERReader.Tag.integer.rawValue, [1])
                + DERWriter.element(DERReader.Tag.octetString.rawValue, scalar)
                + DERWriter.element(0xa0, DERWriter.element(DERReader.Tag.objectIdentifier.rawValue, OID.p256))
                + DERWriter.element(0xa1, DERWriter.element(DERReader.Tag.bitString.rawValue, [0] + point)))
    }
}
