import CausewayIdentity

/// How two sides of `/webrtc-direct` come to know each other's credentials without signalling (webrtc/webrtc-direct.md): the dialler makes
/// them all, and the server reads them from the USERNAME of the first check.
public enum DirectVersion: Equatable, Sendable {
    /// One string is fragment and password of both sides. A browser must be told so in its own description, which some forbid.
    case one
    /// The dialler has credentials of its own, and puts its password into the server's fragment.
    case two

    private var prefix: StaticString {
        switch self {
        case .one: "libp2p+webrtc+v1/"
        case .two: "libp2p+webrtc+v2/"
        }
    }

    /// The dialler's credentials and those that the server will have.
    /// - Parameter secret: 32 random bytes.
    public func credentials(secret: [UInt8]) -> (dialler: ICECredentials, server: ICECredentials) {
        var source = TransactionSource(.directDial, secret: secret)
        let head = [UInt8](utf8: prefix)
        switch self {
        case .one:
            let same = ICECredentials(head + source.characters(32))
            return (same, same)
        case .two:
            let own = ICECredentials(source.characters(8), source.characters(32))
            return (own, ICECredentials(head + own.password))
        }
    }

    // MARK: The server

    /// The version that a server's fragment names. nil: none that is known.
    init?(fragment: UnsafeRawBufferPointer) {
        if Self.one.isPrefix(of: fragment) {
            self = .one
        } else if Self.two.isPrefix(of: fragment) {
            self = .two
        } else {
            return nil
        }
    }

    /// The dialler's password, of the two fragments of a USERNAME.
    func diallerPassword(server: UnsafeRawBufferPointer, dialler: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        switch self {
        case .one: dialler
        case .two: server.range(prefix.utf8CodeUnitCount, count: server.count - prefix.utf8CodeUnitCount)
        }
    }

    private func isPrefix(of fragment: UnsafeRawBufferPointer) -> Bool {
        guard fragment.count >= prefix.utf8CodeUnitCount else { return false }
        for index in 0..<prefix.utf8CodeUnitCount where fragment[index] != prefix.utf8Start[index] { return false }
        return true
    }
}
