import CausewayIdentity

/// Message ids in the forms that go over the wire. Inside, a message has one id: the specification's (`from` and `seqno`, go-libp2p's
/// form), or in an unsigned mesh the SHA-256 of its data.
///
/// js-libp2p names the author by its public key (protobuf) instead of its peer id. Peer ids are made of that very key, so that each form
/// can be computed: js to ours from the id alone, ours to js from the id if the key is inlined in the peer id, else from the message's key.
enum MessageID {
    static let sequenceLength = 8

    /// Ours, of an id in whichever form.
    static func canonical(_ wire: [UInt8]) -> [UInt8] {
        guard isJS(wire) else { return wire }
        let keyLength = wire.count - sequenceLength
        return PeerID(ofKey: [UInt8](copying: wire, 0..<keyLength)).bytes + [UInt8](copying: wire, keyLength..<wire.count)
    }

    /// js-libp2p's, of ours; `key` is the protobuf of the author's public key for peer ids that are hashes.
    static func js(_ id: [UInt8], key: [UInt8]) -> [UInt8] {
        guard id.count > 2 + sequenceLength else { return id }
        if id[0] == 0x00 { return [UInt8](copying: id, 2..<id.count) }
        return key.isEmpty ? id : key + [UInt8](copying: id, id.count - sequenceLength..<id.count)
    }

    /// Which of the two forms it is; nil for any other.
    static func usesJSForm(_ wire: [UInt8]) -> Bool? {
        if isJS(wire) { return true }
        guard wire.count > 2 + sequenceLength else { return nil }
        let isInlined = wire[0] == 0x00 && Int(wire[1]) == wire.count - 2 - sequenceLength
        let isHashed = wire[0] == 0x12 && wire[1] == 0x20 && wire.count == 34 + sequenceLength
        return isInlined || isHashed ? false : nil
    }

    /// A public key's protobuf begins with its type, field 1, and its data, field 2.
    private static func isJS(_ wire: [UInt8]) -> Bool {
        wire.count > 4 + sequenceLength && wire[0] == 0x08 && wire[1] <= 3 && wire[2] == 0x12
    }
}
