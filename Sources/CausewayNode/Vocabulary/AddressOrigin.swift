/// Who says that a peer is at an address.
public enum AddressOrigin: UInt8, Comparable, Sendable {
    /// A remote: an announcement, identify, a relay. `DialPolicy` and `HearsayPace` decide what becomes of it.
    case heard
    /// The application once told of it.
    case known
    /// The user, or a part of the node for him, names it in this very request: a back-off does not hold it back.
    case named

    public static func < (a: AddressOrigin, b: AddressOrigin) -> Bool { a.rawValue < b.rawValue }
}
