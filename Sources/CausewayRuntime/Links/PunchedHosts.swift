import CausewayIdentity

/// The hosts that hole punches dial as clients. If such a host's own dial comes to the listener instead of crossing ours, it waits for us
/// to begin, as its part is the server's: it says no more than the header of multistream-select.
struct PunchedHosts: ~Copyable {
    private var hosts: [UInt32: [UInt8]] = [:]

    mutating func insert(_ ip: [UInt8], dialledBy link: UInt32) { hosts[link] = ip }

    mutating func remove(_ link: UInt32) { hosts[link] = nil }

    func contains(_ ip: [UInt8]) -> Bool { hosts.values.contains(ip) }

    /// Whether a remote that begins so waits for an answer. One that is the client proposes a protocol right behind it.
    static func isServersHeader(_ bytes: UnsafeRawBufferPointer) -> Bool { bytes.elementsEqual(header) }

    private static let header: [UInt8] = [19] + Array("/multistream/1.0.0\n".utf8)
}
