/// Who uses a datagram socket. All calls come from the simulation's loop, none from within a call of the socket's own methods.
public protocol SimulatedDatagramOwner: AnyObject {
    /// A datagram came. The bytes are valid during the call and the owner's to change.
    func received(_ bytes: UnsafeMutableRawBufferPointer, from remote: SimulatedAddress, on socket: SimulatedDatagramSocket)
}

/// A UDP socket of a host: one port of all its addresses.
///
/// Datagrams can get lost, doubled and reordered, as `LineConditions` say, and pass the routers of both hosts. Nothing is fragmented: a
/// datagram that is too long for the sender's own line is refused, one that is too long for the rest of its way is lost without a word.
/// QUIC and WebRTC forbid fragmentation (RFC 9000, section 14; RFC 8831, section 5), many NATs drop fragments, and no router of IPv6
/// makes them: a program that needs them must fail here. A datagram to a closed port is lost, too; there is no ICMP.
public final class SimulatedDatagramSocket {
    /// Its port.
    public let port: UInt16
    /// Who hears of datagrams; without one they are lost.
    public weak var owner: (any SimulatedDatagramOwner)?
    /// Whether it was closed, or its host went down.
    public private(set) var isClosed = false
    private unowned let host: SimulatedHost

    init(_ host: SimulatedHost, port: UInt16) {
        self.host = host
        self.port = port
    }

    /// Sends a datagram from the host's first address of the remote's family.
    /// - Throws: `SimulatedNetworkError`: `unreachable` without such an address or when the socket is closed, `messageTooLong` if the
    ///   datagram with its headers does not fit the host's own line.
    public func send(_ bytes: [UInt8], to remote: SimulatedAddress) throws(SimulatedNetworkError) {
        guard !isClosed, let ip = host.address(toward: remote) else { throw SimulatedNetworkError(errno: SimulatedErrno.unreachable) }
        let local = SimulatedAddress(ip: ip, port: port)
        let packet = SimulatedPacket(.datagram(bytes), from: host, source: local, destination: remote)
        guard packet.size <= host.line.mtu else { throw SimulatedNetworkError(errno: SimulatedErrno.messageTooLong) }
        host.send(packet)
    }

    /// Closes it: its port is free.
    public func close() {
        guard !isClosed else { return }
        end()
        host.forget(self)
    }

    func end() {
        isClosed = true
        owner = nil
    }

    func received(_ bytes: [UInt8], from remote: SimulatedAddress) {
        var bytes = bytes
        bytes.withUnsafeMutableBytes { owner?.received($0, from: remote, on: self) }
    }
}
