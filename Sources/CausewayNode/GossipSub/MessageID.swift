import CausewayIdentity

/// Message ids in the forms used on the wire. Inside the node, a message has one id: the specification's (`from` and `seqno`, go-libp2p's
/// form), or in an unsigned mesh the SHA-256 of its data or what the application's function says.
///
/// js-libp2p names the author by its public key (protobuf) instead of its peer id, rust-libp2p by base58. A peer id is made from that key,
/// so each form can be computed from the others: ours from the others' alone; js's from our id if the peer id contains the key, and
/// otherwise from the message's key. Forms that are hashes need the message: `ComputedIDs`.
enum MessageID {
    static let sequenceLength = 8

    /// Our form of an id in any form that names author and number. What is in another form stays as it is.
    static func canonical(_ wire: [UInt8]) -> [UInt8] {
        guard isJS(wire) else {
            #if hasFeature(Embedded)
                return wire
            #else
                return ofRust(wire) ?? wire
            #endif
        }
        let keyLength = wire.count - sequenceLength
        return PeerID(ofKey: [UInt8](copying: wire, 0..<keyLength)).bytes + [UInt8](copying: wire, keyLength..<wire.count)
    }

    /// js-libp2p's form of our id. `key`: the protobuf of the author's public key, for peer ids that are hashes.
    static func js(_ id: [UInt8], key: [UInt8]) -> [UInt8] {
        guard id.count > 2 + sequenceLength else { return id }
        if id[0] == 0x00 { return [UInt8](copying: id, 2..<id.count) }
        return key.isEmpty ? id : key + [UInt8](copying: id, id.count - sequenceLength..<id.count)
    }

    /// Which form an id has that names author and number. nil: none of these.
    static func form(of wire: [UInt8]) -> IDForm? {
        if isJS(wire) { return .js }
        guard wire.count > 2 + sequenceLength else { return nil }
        let isInlined = wire[0] == 0x00 && Int(wire[1]) == wire.count - 2 - sequenceLength
        let isHashed = wire[0] == 0x12 && wire[1] == 0x20 && wire.count == 34 + sequenceLength
        if isInlined || isHashed { return .go }
        #if hasFeature(Embedded)
            return nil
        #else
            return ofRust(wire) == nil ? nil : .rust
        #endif
    }

    /// A public key's protobuf begins with its type (field 1) and its data (field 2).
    private static func isJS(_ wire: [UInt8]) -> Bool {
        wire.count > 4 + sequenceLength && wire[0] == 0x08 && wire[1] <= 3 && wire[2] == 0x12
    }

    #if !hasFeature(Embedded)
        /// rust-libp2p's form of our id.
        static func rust(_ id: [UInt8]) -> [UInt8] {
            let start = id.count - sequenceLength
            guard start > 0, let author = try? PeerID([UInt8](copying: id, 0..<start)) else { return [] }
            return author.text + decimal([UInt8](copying: id, start..<id.count))
        }

        /// A sequence number in decimal.
        static func decimal(_ sequence: [UInt8]) -> [UInt8] {
            var number: UInt64 = 0
            for byte in sequence { number = number << 8 | UInt64(byte) }
            return [UInt8](String(number).utf8)
        }

        /// Our form of an id in rust-libp2p's. Peer ids begin in three ways, each with its length, and what follows is a number.
        private static func ofRust(_ wire: [UInt8]) -> [UInt8]? {
            guard wire.count > 46, wire.count <= 53 + 20 else { return nil }
            let length: Int
            switch (wire[0], wire[1]) {
            case (UInt8(ascii: "1"), UInt8(ascii: "2")): length = 52
            case (UInt8(ascii: "1"), UInt8(ascii: "6")): length = 53
            case (UInt8(ascii: "Q"), UInt8(ascii: "m")): length = 46
            default: return nil
            }
            guard length < wire.count, wire[length] != UInt8(ascii: "0") || wire.count == length + 1 else { return nil }
            var number: UInt64 = 0
            for byte in wire[length...] {
                guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
                let (tens, isTooLarge) = number.multipliedReportingOverflow(by: 10)
                let (sum, overflows) = tens.addingReportingOverflow(UInt64(byte - UInt8(ascii: "0")))
                guard !isTooLarge, !overflows else { return nil }
                number = sum
            }
            guard let author = try? PeerID(text: [UInt8](copying: wire, 0..<length)) else { return nil }
            var id = author.bytes
            for shift in (0..<UInt64(sequenceLength)).reversed() { id.append(UInt8(truncatingIfNeeded: number >> (8 * shift))) }
            return id
        }
    #endif
}
