import CausewayIdentity

/// What a peer says about itself on a discovery topic.
struct Announcement: Equatable {
    let peer: PeerID
    /// Without `/p2p/<peer>` at the end.
    let addresses: [Multiaddr]

    enum Fault: Error {
        /// The bytes do not have the topic's form.
        case malformed
        /// The announcement names no peer, or has an invalid key.
        case noPeer
    }

    // MARK: Protobuf

    private enum Field {
        static let publicKey: UInt32 = 1
        static let addresses: UInt32 = 2
    }

    static func protobuf(_ key: PublicKey, _ addresses: [Multiaddr]) -> [UInt8] {
        let peer = key.peerID
        var out = ProtobufWriter()
        out.content(Field.publicKey, key.protobuf)
        for address in addresses { out.content(Field.addresses, address.appending(peer).bytes) }
        return out.bytes
    }

    init(protobuf bytes: [UInt8], limit: Int) throws(Fault) {
        var key: PublicKey?
        var found: [Multiaddr] = []
        var reader = ProtobufReader(bytes)
        while reader.advance() {
            switch reader.number {
            case Field.publicKey: key = try? PublicKey(protobuf: reader.content())
            case Field.addresses where found.count < limit:
                if let address = try? Multiaddr(bytes: reader.content()) { found.append(address) }
            default: break
            }
        }
        guard reader.fault == nil else { throw .malformed }
        guard let key else { throw .noPeer }
        self.init(key.peerID, found)
    }

    // MARK: JSON

    private static var peerName: [UInt8] { [UInt8](utf8: "peerId") }
    private static var addressesName: [UInt8] { [UInt8](utf8: "addrs") }

    static func json(_ peer: PeerID, _ addresses: [Multiaddr]) -> [UInt8] {
        var out = [UInt8](utf8: "{\"peerId\":")
        JSON.append(string: peer.text, to: &out)
        out += [UInt8](utf8: ",\"addrs\":[")
        for index in addresses.indices {
            if index > 0 { out.append(UInt8(ascii: ",")) }
            JSON.append(string: addresses[index].appending(peer).text, to: &out)
        }
        out += [UInt8](utf8: "]}")
        return out
    }

    init(json bytes: [UInt8], limit: Int) throws(Fault) {
        var peer: PeerID?
        var found: [Multiaddr] = []
        do throws(JSONError) {
            var reader = try JSONReader(bytes, limits: JSONLimits(bytes: 64 << 10, depth: 4, values: 1024))
            var member: [UInt8] = []
            while let token = try reader.next() {
                if token == .name, reader.depth == 1 { member = reader.text }
                guard token == .string else { continue }
                if reader.depth == 1, member == Self.peerName {
                    peer = try? PeerID(text: reader.text)
                } else if reader.depth == 2, reader.isInArray, member == Self.addressesName, found.count < limit {
                    if let address = try? Multiaddr(text: reader.text) { found.append(address) }
                }
            }
        } catch {
            throw .malformed
        }
        guard let peer else { throw .noPeer }
        self.init(peer, found)
    }

    /// Leaves out addresses that lead to another peer.
    private init(_ peer: PeerID, _ addresses: [Multiaddr]) {
        self.peer = peer
        var own: [Multiaddr] = []
        for address in addresses {
            if let end = address.peerID {
                if end == peer { own.append(address.withoutPeerID) }
            } else {
                own.append(address)
            }
        }
        self.addresses = own
    }
}
