public import CausewayIdentity

// XOR-MAPPED-ADDRESS: under which address the server saw the request, so written that no NAT on the way mends it (RFC 8489, section 14.2).
//
//     +---------------+---------------+-------------------------------+
//     |       0       |    family     |     port XOR cookie's head    |
//     +---------------+---------------+-------------------------------+
//     |    address XOR cookie (IPv4), or XOR cookie and id (IPv6)  …  |

private let ipv4: UInt8 = 1
private let ipv6: UInt8 = 2
private let portMask = UInt16(STUNMessage.cookie >> 16)

extension STUNMessage {
    /// nil: it is not there or malformed.
    public var mappedAddress: Endpoint? {
        guard let value = value(.xorMappedAddress), value.count >= 8 else { return nil }
        let port = value.networkOrder(2, as: UInt16.self) ^ portMask
        switch (value[1], value.count) {
        case (ipv4, 8):
            let address = value.networkOrder(4, as: UInt32.self) ^ Self.cookie
            return Endpoint(high: 0, low: (0xffff << 32 | UInt64(address)).bigEndian, scope: 0, port: port)
        case (ipv6, 20):
            let high = value.networkOrder(4, as: UInt64.self) ^ (UInt64(Self.cookie) << 32 | UInt64(transaction.high))
            let low = value.networkOrder(12, as: UInt64.self) ^ transaction.low
            return Endpoint(high: high.bigEndian, low: low.bigEndian, scope: 0, port: port)
        default: return nil
        }
    }
}

extension STUNWriter {
    public mutating func append(mappedAddress endpoint: Endpoint) {
        let value = append(.xorMappedAddress, size: endpoint.isIPv4 ? 8 : 20)
        value.setNetworkOrder(0, UInt16(endpoint.isIPv4 ? ipv4 : ipv6))
        value.setNetworkOrder(2, endpoint.port ^ portMask)
        let low = UInt64(bigEndian: endpoint.low)
        if endpoint.isIPv4 {
            value.setNetworkOrder(4, UInt32(truncatingIfNeeded: low) ^ STUNMessage.cookie)
        } else {
            let mask = UInt64(STUNMessage.cookie) << 32 | UInt64(transaction.high)
            value.setNetworkOrder(4, UInt64(bigEndian: endpoint.high) ^ mask)
            value.setNetworkOrder(12, low ^ transaction.low)
        }
    }
}
