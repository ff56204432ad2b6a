import CausewayIdentity

/// What one side of a WebRTC connection with data channels alone tells the other: how it is reached, by which certificate it is known, and
/// who begins (RFC 8829, section 5; RFC 8839; RFC 8841; RFC 8842).
public struct SessionDescription: Equatable, Sendable {
    /// Which of the two descriptions it is.
    public enum Kind: Sendable { case offer, answer }

    /// The role in DTLS: `active` sends the ClientHello, `passive` waits for it, and an offer may leave the choice (RFC 8842, section 5).
    public enum Setup: Equatable, Sendable { case active, passive, either }

    public var credentials: ICECredentials
    /// Whether the side only answers checks.
    public var isLite = false
    /// Whether the side takes part in passing hard NATs (docs/hard-nats.md): `a=causeway-hard-nats`, which others skip.
    public var passesHardNATs = false
    /// The certificate has one of them.
    public var fingerprints: [CertificateFingerprint]
    public var setup: Setup
    public var sctpPort: UInt16 = 5000
    /// Bytes of the longest message that the side takes; 0: of any length (RFC 8841, section 6).
    public var largestMessage: UInt64 = 65_536
    /// The side's INIT chunk. If both descriptions have one, the association stands as soon as DTLS does (draft-hancke-tsvwg-snap).
    public var initiation: [UInt8]?
    /// The name of the media section, which an answer takes from its offer.
    public var mediaName: [UInt8] = [UInt8](utf8: "0")
    public var candidates: [ICECandidate] = []
    /// No more candidates will follow.
    public var hasAllCandidates = false

    public init(_ credentials: ICECredentials, fingerprints: [CertificateFingerprint], setup: Setup) {
        self.credentials = credentials
        self.fingerprints = fingerprints
        self.setup = setup
    }

    /// This side's answer to an offer. It sends the ClientHello, if the offer lets it.
    public init(answering offer: SessionDescription, _ credentials: ICECredentials, fingerprint: CertificateFingerprint) {
        self.init(credentials, fingerprints: [fingerprint], setup: offer.setup == .active ? .passive : .active)
        mediaName = offer.mediaName
    }
}
