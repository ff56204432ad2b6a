import CausewayIdentity
import CausewayNode

/// The messages of the Port Control Protocol (RFC 6887) that a client needs: ANNOUNCE, which asks nothing but whether somebody is there,
/// and MAP.
///
///     request: version, opcode, 2 reserved, lifetime (4), client's address (16)
///     answer:  version, 0x80 | opcode, reserved, result, lifetime (4), epoch (4), 12 reserved
///     MAP:     nonce (12), IP protocol, 3 reserved, internal port (2), external port (2), external address (16)
enum PCP {
    static let version: UInt8 = 2
    static let success: UInt8 = 0
    /// A server need not know ANNOUNCE, but says so.
    static let unsupportedOpcode: UInt8 = 4
    static let nonceSize = 12

    private static let map: UInt8 = 1
    private static let headSize = 24
    private static let mapSize = 60

    // MARK: Requests

    /// Asks whether a PCP server is there. `client` is this machine's address, of 4 or 16 bytes, as in `map`.
    static func announcement(from client: [UInt8]) -> [UInt8] { head(opcode: 0, lifetime: 0, client) }

    /// Asks for a mapping, or for its end if `lifetime` is 0.
    /// - Parameters:
    ///   - lifetime: in seconds.
    ///   - external: what the gateway may take, such as what it gave before; nil: anything.
    static func map(
        _ port: MappedPort, lifetime: UInt32, nonce: [UInt8], from client: [UInt8], external: Endpoint?
    ) -> [UInt8] {
        var out = head(opcode: map, lifetime: lifetime, client)
        out += nonce
        out += [port.transport.number, 0, 0, 0]
        out.append(number: port.number)
        // Section 15: both are zero in a request for the end.
        out.append(number: lifetime == 0 ? 0 : external?.port ?? port.number)
        let any = [UInt8](repeating: 0, count: client.count)
        out += mapped(lifetime == 0 ? any : external?.ip ?? any)
        return out
    }

    private static func head(opcode: UInt8, lifetime: UInt32, _ client: [UInt8]) -> [UInt8] {
        var out = [version, opcode, 0, 0]
        out.append(number: lifetime)
        return out + mapped(client)
    }

    /// IPv4 as IPv6 (RFC 4291, section 2.5.5.2).
    private static func mapped(_ ip: [UInt8]) -> [UInt8] { ip.count == 16 ? ip : prefix + ip }
    private static let prefix: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]

    // MARK: Answers

    struct Answer: Equatable {
        let result: UInt8
        /// Seconds.
        let lifetime: UInt32
        /// Seconds since the gateway began to remember.
        let epoch: UInt32
        /// nil: the answer is to an announcement.
        let mapping: Mapping?

        /// nil: the bytes are no answer by this version of the protocol.
        init?(_ bytes: [UInt8]) {
            guard bytes.count >= PCP.headSize, bytes.count <= 1100, bytes[0] == PCP.version, bytes[1] & 0x80 != 0 else { return nil }
            result = bytes[3]
            lifetime = bytes.number(4)
            epoch = bytes.number(8)
            switch bytes[1] & 0x7f {
            case 0: mapping = nil
            case PCP.map where bytes.count >= PCP.mapSize: mapping = Mapping(bytes)
            default: return nil
            }
        }
    }

    struct Mapping: Equatable {
        let nonce: [UInt8]
        let transport: UInt8
        let port: UInt16
        let externalPort: UInt16
        /// 4 or 16 bytes.
        let externalIP: [UInt8]

        fileprivate init(_ bytes: [UInt8]) {
            nonce = Array(bytes[24..<36])
            transport = bytes[36]
            port = bytes.number(40)
            externalPort = bytes.number(42)
            externalIP = Array(bytes[44..<56].elementsEqual(PCP.prefix) ? bytes[56..<60] : bytes[44..<60])
        }
    }
}

extension MappedPort.Transport {
    /// IANA's number of the protocol.
    var number: UInt8 {
        switch self {
        case .tcp: 6
        case .udp: 17
        }
    }
}

extension [UInt8] {
    /// The number at an offset, its highest byte first. The caller has checked that it lies inside.
    func number<Number: FixedWidthInteger>(_ offset: Int) -> Number {
        var number: Number = 0
        for index in 0..<Number.bitWidth / 8 { number = number << 8 | Number(self[offset + index]) }
        return number
    }

    mutating func append(number: some FixedWidthInteger) {
        for index in (0..<number.bitWidth / 8).reversed() { append(UInt8(truncatingIfNeeded: number >> (8 * index))) }
    }
}
