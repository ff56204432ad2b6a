import CausewayConnection
import CausewayIdentity

/// The message of `/libp2p/dcutr` (relay/DCUtR.md): protobuf `{type = 1, ObsAddrs = 2}`, preceded by its length as a varint.
struct HolePunchMessage: Equatable {
    enum Kind: UInt64 {
        case connect = 100
        case sync = 300
    }
    /// Bound: addresses that are read of one message. The rest is passed over.
    static let addresses = 64

    var kind: Kind
    var addresses: [Multiaddr]

    init(_ kind: Kind, _ addresses: [Multiaddr] = []) {
        self.kind = kind
        self.addresses = addresses
    }

    /// Addresses that cannot be read are left out: the remote may know protocols that this node does not.
    init(_ reader: consuming ProtobufReader) throws(HolePunchFault) {
        var type: UInt64?
        var named = 0
        addresses = []
        while reader.advance() {
            switch reader.number {
            case 1: type = reader.varint()
            case 2:
                named += 1
                guard named <= Self.addresses else { break }
                if let address = try? Multiaddr(bytes: reader.content()) { addresses.append(address) }
            default: break
            }
        }
        guard reader.fault == nil, let type else { throw .malformed }
        guard let kind = Kind(rawValue: type) else { throw .unexpectedType }
        self.kind = kind
    }

    /// The message, preceded by its length.
    var framed: [UInt8] {
        var writer = ProtobufWriter()
        writer.varint(1, kind.rawValue)
        for address in addresses { writer.content(2, address.bytes) }
        return writer.framed
    }
}
