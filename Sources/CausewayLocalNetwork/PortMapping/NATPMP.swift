import CausewayIdentity
import CausewayNode

/// The messages of the NAT Port Mapping Protocol (RFC 6886).
///
///     address, request: version, 0                     answer: version, 128, result (2), epoch (4), external IPv4 address
///     mapping, request: version, 1 (UDP) or 2 (TCP), 2 reserved, internal port (2), external port (2), lifetime (4)
///              answer:  version, 129 or 130, result (2), epoch (4), internal port (2), external port (2), lifetime (4)
enum NATPMP {
    static let version: UInt8 = 0
    static let success: UInt16 = 0

    // MARK: Requests

    /// Asks for the gateway's external address.
    static let addressRequest: [UInt8] = [version, 0]

    /// Asks for a mapping, or for its end if `lifetime` is 0.
    /// - Parameter external: the port that the gateway may take.
    static func map(_ port: MappedPort, lifetime: UInt32, external: UInt16) -> [UInt8] {
        var out = [version, port.transport.opcode, 0, 0]
        out.append(number: port.number)
        out.append(number: lifetime == 0 ? 0 : external)
        out.append(number: lifetime)
        return out
    }

    // MARK: Answers

    struct Answer: Equatable {
        enum Content: Equatable {
            /// 4 bytes.
            case address([UInt8])
            /// `lifetime` in seconds.
            case mapping(MappedPort, external: UInt16, lifetime: UInt32)
            /// The request was refused: which it was, nil if it was for the address.
            case refusal(of: MappedPort?)
        }
        let result: UInt16
        /// Seconds since the gateway began to remember.
        let epoch: UInt32
        let content: Content

        /// nil: the bytes are no answer by this version of the protocol.
        init?(_ bytes: [UInt8]) {
            guard bytes.count >= 8, bytes.count <= 1100, bytes[0] == NATPMP.version else { return nil }
            let result: UInt16 = bytes.number(2)
            self.result = result
            epoch = bytes.number(4)
            switch bytes[1] {
            case 128 where result != NATPMP.success: content = .refusal(of: nil)
            case 128 where bytes.count >= 12: content = .address(Array(bytes[8..<12]))
            case 129 where bytes.count >= 16, 130 where bytes.count >= 16:
                let port = MappedPort(bytes[1] == 129 ? .udp : .tcp, bytes.number(8))
                content =
                    result == NATPMP.success
                    ? .mapping(port, external: bytes.number(10), lifetime: bytes.number(12)) : .refusal(of: port)
            default: return nil
            }
        }
    }
}

extension MappedPort.Transport {
    fileprivate var opcode: UInt8 {
        switch self {
        case .udp: 1
        case .tcp: 2
        }
    }
}
