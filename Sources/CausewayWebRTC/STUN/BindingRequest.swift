/// A STUN binding request, as far as it says for whom it is (RFC 8489, sections 5 and 14.3): an ICE agent asks by one whether its path
/// to another agent works. Nothing is proven by it: MESSAGE-INTEGRITY is for the association to check.
public struct BindingRequest: Equatable, Sendable {
    /// The ICE user name fragment that this side gave itself, in the attribute USERNAME before the colon (RFC 8445, section 7.2.2).
    public let localFragment: [UInt8]

    /// RFC 8445, section 5.3.
    static let fragmentLengths = 4...256
    /// RFC 8489, section 14.3.
    static let longestUsername = 508

    private static let headerSize = 20
    private static let type: UInt16 = 0x0001
    private static let cookie: UInt32 = 0x2112_A442
    private static let username: UInt16 = 0x0006
    private static let integrities: [UInt16] = [0x0008, 0x001C]

    /// nil if the datagram is no well-formed binding request with a user name of two fragments.
    public init?(_ datagram: UnsafeRawBufferPointer) {
        guard datagram.count >= Self.headerSize, Self.number(datagram, 0) == Self.type else { return nil }
        let length = Int(Self.number(datagram, 2))
        guard length % 4 == 0, length == datagram.count - Self.headerSize else { return nil }
        guard UInt32(Self.number(datagram, 4)) << 16 | UInt32(Self.number(datagram, 6)) == Self.cookie else { return nil }
        var position = Self.headerSize
        while datagram.count - position >= 4 {
            let type = Self.number(datagram, position)
            let size = Int(Self.number(datagram, position + 2))
            position += 4
            guard size <= datagram.count - position else { return nil }
            // What follows the integrity is not covered by it and does not count (RFC 8489, section 14.5).
            if Self.integrities.contains(type) { return nil }
            if type == Self.username {
                guard let fragment = Self.fragment(UnsafeRawBufferPointer(rebasing: datagram[position..<position + size])) else {
                    return nil
                }
                localFragment = fragment
                return
            }
            position += (size + 3) & ~3
        }
        return nil
    }

    /// What stands before the first colon; a fragment itself has none.
    private static func fragment(_ username: UnsafeRawBufferPointer) -> [UInt8]? {
        guard username.count <= longestUsername else { return nil }
        var end = 0
        while end < username.count, username[end] != UInt8(ascii: ":") { end += 1 }
        guard end < username.count, fragmentLengths.contains(end) else { return nil }
        for index in 0..<end where !isFragmentCharacter(username[index]) { return nil }
        return [UInt8](username[0..<end])
    }

    /// ICE's own are letters, digits, `+` and `/` (RFC 8839, section 5.4). Any visible character is taken, as those who dial webrtc-direct
    /// make up their own.
    private static func isFragmentCharacter(_ byte: UInt8) -> Bool { byte > 0x20 && byte < 0x7f }

    private static func number(_ bytes: UnsafeRawBufferPointer, _ at: Int) -> UInt16 { UInt16(bytes[at]) << 8 | UInt16(bytes[at + 1]) }
}
