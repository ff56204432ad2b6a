public import CausewayIdentity

/// Both descriptions of a dial by `/webrtc-direct`, which the dialler makes from the address alone (webrtc/webrtc-direct.md).
public struct DirectDescriptions: Equatable, Sendable {
    /// What the dialler says of itself.
    public let offer: SessionDescription
    /// What the server would say.
    public let answer: SessionDescription

    /// - Parameters:
    ///   - secret: 32 random bytes.
    ///   - fingerprint: Of the dialler's certificate.
    public init(
        dialling address: Multiaddr, _ version: DirectVersion, secret: [UInt8], fingerprint: CertificateFingerprint
    ) throws(DirectAddressError) {
        guard address.transport == .webRTCDirect, case .ip(let ip)? = address.host, let port = address.port, port > 0,
            let server = Endpoint(ip: ip, port: port)
        else { throw .notDialable }
        // A server that renews its certificate names the one that it shows and the one that it is going to show.
        var certificates: [CertificateFingerprint] = []
        for multihash in address.certificateMultihashes {
            if let certificate = CertificateFingerprint(multihash: multihash) { certificates.append(certificate) }
        }
        guard !certificates.isEmpty else { throw .noCertificateHash }
        let credentials = version.credentials(secret: secret)
        offer = SessionDescription(credentials.dialler, fingerprints: [fingerprint], setup: .active)
        var answer = SessionDescription(credentials.server, fingerprints: certificates, setup: .passive)
        answer.isLite = true
        answer.largestMessage = 16_384
        answer.candidates = [
            ICECandidate(
                foundation: [UInt8](utf8: "1"), priority: ICECandidate.Kind.host.priority(.max), address: .endpoint(server), kind: .host)
        ]
        answer.hasAllCandidates = true
        self.answer = answer
    }
}
