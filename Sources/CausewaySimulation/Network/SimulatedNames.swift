/// The names that the hosts of a simulation can look up.
public struct SimulatedNames {
    private var hosts: [String: [[UInt8]]] = [:]
    private var texts: [String: [String]] = [:]
    /// How long a look-up takes.
    public var latencyMilliseconds: UInt64 = 15

    public init() {}

    /// Sets the A and AAAA records of a name: addresses of 4 or 16 bytes.
    public mutating func set(_ name: String, addresses: [[UInt8]]) { hosts[name] = addresses }

    /// Sets the TXT records of `_dnsaddr.<name>`: the addresses that `/dnsaddr/<name>` stands for, in their text form.
    public mutating func set(_ name: String, dnsaddr: [String]) { texts[name] = dnsaddr }

    /// Forgets a name.
    public mutating func remove(_ name: String) {
        hosts[name] = nil
        texts[name] = nil
    }

    func addresses(of name: String) -> [[UInt8]]? { hosts[name] }
    func dnsaddr(of name: String) -> [String]? { texts[name] }
}
