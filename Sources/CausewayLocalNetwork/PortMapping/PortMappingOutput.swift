public import CausewayNode

/// What `PortMapping` wants of its driver, in this order.
public enum PortMappingOutput: Equatable, Sendable {
    /// Send this to the gateway.
    case send([UInt8])
    /// What asking it by UPnP needs.
    case upnp(UPnPClient.Wish)
    case changed(PortMappingChange)
    /// After `release`: nothing more is waited for.
    case released
}
