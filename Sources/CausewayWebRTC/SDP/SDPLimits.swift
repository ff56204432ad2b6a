/// Bounds on a description that a remote sends, with the reason for each.
public struct SDPLimits: Equatable, Sendable {
    /// Bytes of a description. Browsers' have 1 to 4 KiB, with many candidates 10.
    public var size = 65_536
    /// Candidates that are taken from it; more would not be checked.
    public var candidates = ICELimits().remoteCandidates
    /// Fingerprints that are taken from it: one for each hash that a program may know.
    public var fingerprints = 8
    /// Bytes of a candidate's line. With a name of 253 bytes and every extension, 450.
    public static let candidateSize = 512
    /// Bytes of the name of a media section, which an answer repeats. Browsers call it `0` or `data`.
    public static let mediaNameSize = 32
    /// Bytes of an INIT chunk in base64. Chromium's and ours have 44 and 56; a packet's bytes would have 1,588.
    public static let initiationSize = 1024

    public init() {}
}
