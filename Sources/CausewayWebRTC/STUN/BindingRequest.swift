/// A STUN binding request, as far as it says for whom it is (RFC 8489, section 14.3): an ICE agent asks by one whether its path to another
/// agent works. Nothing is proven by it: MESSAGE-INTEGRITY is for the association to check.
public struct BindingRequest: Equatable, Sendable {
    /// The ICE user name fragment that this side gave itself, in the attribute USERNAME before the colon (RFC 8445, section 7.2.2).
    public let localFragment: [UInt8]

    /// RFC 8445, section 5.3.
    static let fragmentLengths = 4...256
    /// RFC 8489, section 14.3.
    static let longestUsername = 508

    /// nil if the datagram is no well-formed binding request with a user name of two fragments.
    public init?(_ datagram: UnsafeRawBufferPointer) {
        guard let message = try? STUNMessage(datagram), message.kind == .request, let username = message.value(.username),
            let end = Self.colon(in: username)
        else { return nil }
        localFragment = [UInt8](username[0..<end])
    }

    /// Where the first fragment ends. A fragment itself has no colon.
    static func colon(in username: UnsafeRawBufferPointer) -> Int? {
        guard username.count <= longestUsername else { return nil }
        var end = 0
        while end < username.count, username[end] != UInt8(ascii: ":") { end += 1 }
        guard end < username.count, fragmentLengths.contains(end) else { return nil }
        for index in 0..<end where !isFragmentCharacter(username[index]) { return nil }
        return end
    }

    /// ICE's own are letters, digits, `+` and `/` (RFC 8839, section 5.4). Any visible character is taken, as those who dial webrtc-direct
    /// make up their own.
    private static func isFragmentCharacter(_ byte: UInt8) -> Bool { byte > 0x20 && byte < 0x7f }
}
