import CausewayIdentity

/// Where a socket listens, and for what.
struct Binding {
    /// With the real port. Unspecified (0.0.0.0, ::): at all addresses of this machine, whichever they are at the time.
    let address: SocketAddress
    enum Kind: Sendable {
        /// By TCP: what the connections may speak, in the order of asking.
        case streams([Spoken])
        /// `/webrtc-direct`
        case datagrams
    }
    let kind: Kind

    /// The addresses under which others reach it.
    /// - Parameters:
    ///   - addresses: the machine's.
    ///   - certificates: the multihash of each that `/webrtc-direct` shows or will show.
    func reached(among addresses: [[UInt8]], certificates: [[UInt8]]) -> [Multiaddr] {
        let here = Interfaces.expand(address, among: addresses)
        switch kind {
        case .streams(let kinds): return kinds.flatMap { kind in here.map { kind.address($0.tcp) } }
        case .datagrams:
            return here.map {
                Multiaddr.udp(ip: $0.ip, port: $0.port).appending(code: MultiaddrCode.webRTCDirect).naming(certificates: certificates)
            }
        }
    }
}
