import CausewayIdentity

/// Message ids in the forms used on the wire. Inside the node, a message has one id: the specification's (`from` and `seqno`, go-libp2p's
/// form), or in an unsigned mesh the SHA-256 of its data.
///
/// js-libp2p names the author by its public key (protobuf) instead of its peer id. A peer id is made from that key, so each form can be
/// computed from the other: ours from js's id alone; js's from our id if the peer id contains the key, and otherwise from the message's
/// key.
enum MessageID {
    static let sequenceLength = 8

    /// Our form of an id in either form.
    static func canonical(_ wire: [UInt8]) -> [UInt8] {
        guard isJS(wire) else { return wire }
        let keyLength = wire.count - sequenceLength
        return PeerID(ofKey: [UInt8](copying: wire, 0..<keyLength)).bytes + [UInt8](copying: wire, keyLength..<wire.count)
    }

    /// js-libp2p's form of our id. `key`: the protobuf of the author's public key, for peer ids that are hashes.
    static func js(_ id: [UInt8], key: [UInt8]) -> [UInt8] {
        guard id.count > 2 + sequenceLength else { return id }
        if id[0] == 0x00 { return [UInt8](copying: id, 2..<id.count) }
        return key.isEmpty ? id : key + [UInt8](copying: id, id.count - sequenceLength..<id.count)
    }

    /// Which of the two forms an id has. nil: neither.
    static func usesJSForm(_ wire: [UInt8]) -> Bool? {
        if isJS(wire) { return true }
        guard wire.count > 2 + sequenceLength else { return nil }
        let isInlined = wire[0] == 0x00 && Int(wire[1]) == wire.count - 2 - sequenceLength
        let isHashed = wire[0] == 0x12 && wire[1] == 0x20 && wire.count == 34 + sequenceLength
        return isInlined || isHashed ? false : nil
    }

    /// A public key's protobuf begins with its type (field 1) and its data (field 2).
    private static func isJS(_ wire: [UInt8]) -> Bool {
        wire.count > 4 + sequenceLength && wire[0] == 0x08 && wire[1] <= 3 && wire[2] == 0x12
    }
}
