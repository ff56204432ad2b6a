import CausewayIdentity

/// The names from which the last few addresses were resolved. An address alone does not contain its name any more.
struct HostNames {
    private var names: [[UInt8]: [UInt8]] = [:]
    private var order: [[UInt8]] = []
    /// Bound: remotes name hosts to dial, and each may have many addresses.
    static let capacity = 256

    subscript(address: Multiaddr) -> [UInt8]? {
        get { names[address.bytes] }
        set {
            if names.updateValue(newValue ?? [], forKey: address.bytes) == nil { order.append(address.bytes) }
            if order.count > Self.capacity { names[order.removeFirst()] = nil }
        }
    }
}
