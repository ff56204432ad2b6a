/// Domain names in the form of the wire: each label behind its length, without the zero at the end. Letters are small ones, because names
/// are compared without regard to case (RFC 1035, section 2.3.3).
enum DNSName {
    /// `_p2p._udp.local`: all peers of libp2p.
    static let service = name(["_p2p", "_udp", "local"])
    /// Asks for all kinds of services (RFC 6763, section 9).
    static let services = name(["_services", "_dns-sd", "_udp", "local"])
    static let local = name(["local"])

    /// Bound: RFC 1035, section 2.3.4.
    static let longest = 255
    static let longestLabel = 63
    /// Bound: how often one name may go on elsewhere. Names share their ends, and those are three labels or so.
    static let mostJumps = 8

    private static func name(_ labels: [String]) -> [UInt8] { labels.flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) } }

    /// The name with one more label before it, of 1 to 63 characters.
    static func child(_ label: [UInt8], of name: [UInt8]) -> [UInt8] { [UInt8(label.count)] + label + name }

    /// Whether a name is one label before another one.
    static func isChild(_ name: [UInt8], of parent: [UInt8]) -> Bool {
        guard let length = name.first, name.count == 1 + Int(length) + parent.count else { return false }
        return name.suffix(parent.count) == parent[...]
    }
}
