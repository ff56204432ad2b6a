package import CausewayIdentity

/// What this machine's network looks like at one moment.
package struct NetworkState: Equatable, Sendable {
    /// Where the gateway is asked to forward ports. nil: there is none.
    package var gateway: Endpoint?
    /// Where the gateway of IPv6 is asked to let connections through. nil: there is none.
    package var gateway6: Endpoint?
    /// This machine's private networks.
    package var networks: [PrivateNetwork]
    /// All addresses of this machine but link-local ones.
    package var addresses: [[UInt8]]

    /// RFC 6886, section 3, and RFC 6887, section 19.1.
    package static let gatewayPort: UInt16 = 5351

    package init(gateway: Endpoint? = nil, gateway6: Endpoint? = nil, networks: [PrivateNetwork] = [], addresses: [[UInt8]] = []) {
        self.gateway = gateway
        self.gateway6 = gateway6
        self.networks = networks
        self.addresses = addresses
    }

    package static var current: NetworkState {
        NetworkState(
            gateway: DefaultRoute.gateway.flatMap { Endpoint(ip: $0, port: gatewayPort) },
            gateway6: DefaultRoute.gateway6.flatMap { Endpoint(ip: $0.ip, port: gatewayPort, scope: Interfaces.number(of: $0.interface)) },
            networks: Interfaces.privateNetworks,
            addresses: Interfaces.addresses)
    }
}
