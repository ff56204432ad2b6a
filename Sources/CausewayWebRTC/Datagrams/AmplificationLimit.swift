/// How much may be sent to where nobody has proven to be: three times what came from there (RFC 9000, section 8.1, has the same rule for
/// QUIC). Otherwise a forged sender could make this side send more to a victim than it sends itself.
public struct AmplificationLimit: Equatable, Sendable {
    private static let factor = 3

    private var room = 0
    private var isLifted = false

    public init() {}

    public mutating func received(_ size: Int) { if !isLifted { room += Self.factor * size } }

    /// Takes the room for a datagram. false: there is none, so the datagram is not to be sent.
    public mutating func allows(_ size: Int) -> Bool {
        guard !isLifted else { return true }
        guard size <= room else { return false }
        room -= size
        return true
    }

    /// The remote has proven that it receives what goes there.
    public mutating func lift() { isLifted = true }
}
