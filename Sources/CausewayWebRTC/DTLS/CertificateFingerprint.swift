import CausewayIdentity

/// The SHA-256 of a certificate in DER. Multiaddresses name it in `/certhash` as a multihash, and SDP in `a=fingerprint` (RFC 8122,
/// section 5).
public struct CertificateFingerprint: Equatable, Hashable, Sendable {
    /// 32 bytes.
    public let digest: [UInt8]

    private static let multihashPrefix: [UInt8] = [0x12, 0x20]
    private static let hashName = [UInt8](utf8: "sha-256")
    /// In hexadecimal 34 bytes have 69 characters; other bases need fewer.
    private static let longestText = 69

    /// nil if there are not 32 bytes.
    public init?(digest: [UInt8]) {
        guard digest.count == 32 else { return nil }
        self.digest = digest
    }

    /// Of a certificate in DER.
    public init(certificate: [UInt8]) { digest = SHA256.hash(certificate) }

    // MARK: Multihash

    /// nil if it is no multihash by SHA-256.
    public init?(multihash: [UInt8]) {
        guard multihash.count == 34, [UInt8](multihash[0..<2]) == Self.multihashPrefix else { return nil }
        digest = [UInt8](multihash[2...])
    }

    /// 34 bytes, as webrtc-direct's Noise prologue has them.
    public var multihash: [UInt8] { Self.multihashPrefix + digest }

    /// The text behind `/certhash/`: the multihash in multibase. It may be in any base.
    public init?(certhash: [UInt8]) {
        guard certhash.count <= Self.longestText, let multihash = Multibase.decode(certhash) else { return nil }
        self.init(multihash: multihash)
    }

    /// The text behind `/certhash/`, in base64url, as all implementations write it.
    public var certhash: [UInt8] { Multibase.base64URL.encode(multihash) }

    // MARK: SDP

    /// The text behind `a=fingerprint:`, with the hash's name and the digits in any case.
    /// - Returns: nil if the text is malformed or by another hash.
    public init?(sdp: [UInt8]) {
        let name = Self.hashName
        guard sdp.count == name.count + 96, sdp[name.count] == UInt8(ascii: " ") else { return nil }
        for index in 0..<name.count where Self.lowerCase(sdp[index]) != name[index] { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(32)
        for index in stride(from: name.count + 1, to: sdp.count, by: 3) {
            guard let high = HexText.digit(sdp[index]), let low = HexText.digit(sdp[index + 1]),
                index + 2 == sdp.count || sdp[index + 2] == UInt8(ascii: ":")
            else { return nil }
            bytes.append(high << 4 | low)
        }
        digest = bytes
    }

    /// The text behind `a=fingerprint:`.
    public var sdp: [UInt8] {
        var text = Self.hashName
        for (index, byte) in digest.enumerated() {
            text.append(UInt8(ascii: index == 0 ? " " : ":"))
            text.append(HexText.upperCharacter(byte >> 4))
            text.append(HexText.upperCharacter(byte))
        }
        return text
    }

    private static func lowerCase(_ character: UInt8) -> UInt8 {
        character >= 0x41 && character <= 0x5a ? character | 0x20 : character
    }
}
