import CDatagrams
package import CausewayIdentity

/// How this machine reaches another one.
package enum Route {
    /// The address from which datagrams to the remote leave. nil: the machine has no address or no way there. Nothing is sent.
    package static func source(towards remote: Endpoint) -> [UInt8]? {
        guard let any = Endpoint(ip: [UInt8](repeating: 0, count: remote.isIPv4 ? 4 : 16), port: 0) else { return nil }
        var (local, target) = (cw_endpoint(any), cw_endpoint(remote))
        let family: Int32 = remote.isIPv4 ? 0 : 1
        let file = cw_datagram_open(&local, family, 0, 0)
        guard file >= 0 else { return nil }
        defer { cw_datagram_close(file) }
        guard cw_datagram_connect(file, &target, family) == 0, cw_datagram_local(file, &local) == 0 else { return nil }
        let source = Endpoint(local)
        return source.ip.allSatisfy { $0 == 0 } ? nil : source.ip
    }
}
