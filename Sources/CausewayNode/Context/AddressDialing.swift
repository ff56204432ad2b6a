import CausewayIdentity

/// Knows which addresses the shell can dial: the dialler, for protocols that choose among addresses.
protocol AddressDialing: AnyObject {
    /// Whether there is a transport for the address.
    func isSupported(_ address: Multiaddr) -> Bool
}
