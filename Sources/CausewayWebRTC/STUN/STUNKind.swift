/// The messages of the method Binding, by their type (RFC 8489, sections 5 and 18.1). ICE needs no other method.
public enum STUNKind: UInt16, Sendable {
    case request = 0x0001
    case indication = 0x0011
    case success = 0x0101
    case failure = 0x0111
}
