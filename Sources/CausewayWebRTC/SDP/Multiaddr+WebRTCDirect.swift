public import CausewayIdentity

extension Multiaddr {
    /// `/ip4/.../udp/.../webrtc-direct`
    public static func webRTCDirect(_ endpoint: Endpoint) -> Multiaddr {
        Multiaddr.udp(ip: endpoint.ip, port: endpoint.port).appending(code: MultiaddrCode.webRTCDirect)
    }
}
