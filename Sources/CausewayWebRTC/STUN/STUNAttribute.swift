/// Attributes of STUN (RFC 8489, section 18.3) and of ICE (RFC 8445, section 16.1) that a peer reads or writes.
public enum STUNAttribute: UInt16, Sendable {
    case mappedAddress = 0x0001
    case username = 0x0006
    case messageIntegrity = 0x0008
    case errorCode = 0x0009
    case unknownAttributes = 0x000A
    case messageIntegritySHA256 = 0x001C
    case xorMappedAddress = 0x0020
    case priority = 0x0024
    case useCandidate = 0x0025
    case software = 0x8022
    case fingerprint = 0x8028
    case iceControlled = 0x8029
    case iceControlling = 0x802A

    /// Whether a receiver that does not know a type must not act on its message (RFC 8489, section 14).
    static func isRequired(_ type: UInt16) -> Bool { type < 0x8000 }
}
