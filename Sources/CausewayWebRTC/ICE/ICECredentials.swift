/// What one side of ICE goes by: the fragment that names it in checks, and the password that checks of it are proven with (RFC 8839,
/// section 5.4).
public struct ICECredentials: Equatable, Sendable {
    public let fragment: [UInt8]
    public let password: [UInt8]

    public static let fragmentLengths = BindingRequest.fragmentLengths
    public static let passwordLengths = 22...256

    /// nil: a length or a character that ICE does not allow.
    public init?(fragment: [UInt8], password: [UInt8]) {
        guard Self.fragmentLengths.contains(fragment.count), Self.passwordLengths.contains(password.count) else { return nil }
        for byte in fragment where !Self.isCharacter(byte) { return nil }
        for byte in password where !Self.isCharacter(byte) { return nil }
        self.fragment = fragment
        self.password = password
    }

    init(_ same: [UInt8]) {
        fragment = same
        password = same
    }

    init(_ fragment: [UInt8], _ password: [UInt8]) {
        self.fragment = fragment
        self.password = password
    }

    /// A fragment of 48 bits, so that no two associations of a port share one, and a password of 144 bits.
    /// - Parameter secret: 32 random bytes.
    public init(secret: [UInt8]) {
        var source = TransactionSource(.credentials, secret: secret)
        fragment = source.characters(8)
        password = source.characters(24)
    }

    /// A letter, digit, `+` or `/`.
    static func isCharacter(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "+"), UInt8(ascii: "/"):
            true
        default: false
        }
    }
}
