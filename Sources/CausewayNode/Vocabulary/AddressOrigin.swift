/// Who says that a peer is at an address.
public enum AddressOrigin: UInt8, Comparable, Sendable {
    /// A remote says so: in an announcement, by identify, or as a relay. `HearsayFilter` and `HearsayPace` decide whether and when it is
    /// dialled.
    case heard
    /// The application named it earlier.
    case known
    /// The user, or a part of the node on the user's behalf, named it in this very request. A back-off does not hold it back.
    case named

    public static func < (a: AddressOrigin, b: AddressOrigin) -> Bool { a.rawValue < b.rawValue }
}
