/// The two protocols whose packets the simulated network carries.
public enum TransportProtocol: Sendable, CaseIterable {
    case udp
    case tcp
}

/// What travels through hosts' routers: datagrams, and the packets that set a TCP connection up (RFC 9293, section 3.5).
struct SimulatedPacket {
    enum Content {
        case datagram([UInt8])
        case syn(SimulatedConnectAttempt)
        case synAck(SimulatedLink)
        case ack(SimulatedLink)
        case reset(SimulatedConnectAttempt)
    }

    /// As the network sees them at this point of the way; routers change them.
    var source: SimulatedAddress
    var destination: SimulatedAddress
    let content: Content
    let sender: SimulatedHost
    /// The entries of TCP connections in the routers that it has passed.
    var flows: [Flow] = []

    init(_ content: Content, from sender: SimulatedHost, source: SimulatedAddress, destination: SimulatedAddress) {
        self.content = content
        self.sender = sender
        self.source = source
        self.destination = destination
    }

    var transport: TransportProtocol { if case .datagram = content { .udp } else { .tcp } }

    /// Whether a router may make room for a new flow because of it.
    var beginsFlow: Bool {
        switch content {
        case .datagram, .syn: true
        case .synAck, .ack, .reset: false
        }
    }

    /// With the IP header; packets of TCP carry no data.
    var size: Int {
        let header = source.ip.count == 4 ? 20 : 40
        return if case .datagram(let bytes) = content { header + 8 + bytes.count } else { header + 20 }
    }

    var label: String {
        let name =
            switch content {
            case .datagram(let bytes): "datagram of \(bytes.count) bytes"
            case .syn: "SYN"
            case .synAck: "SYN-ACK"
            case .ack: "ACK"
            case .reset: "RST"
            }
        return "\(name) from \(source) to \(destination)"
    }
}
