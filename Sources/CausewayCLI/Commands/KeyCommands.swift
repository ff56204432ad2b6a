import Causeway

extension Command {
    static let keygen = Command(
        name: "keygen", arguments: "<file>", summary: "make a private key in a new file of mode 0600, and print its peer id",
        examples: ["causeway keygen relay.key", "causeway keygen --type rsa relay.key"],
        options: [Option("type", .value("TYPE"), "ed25519, p256, secp256k1 or rsa (pages connect to ed25519 only)", standard: "ed25519")],
        run: { values, terminal in
            let path = try Command.argument(values, "the file's name")
            let type = values.text("type") ?? "ed25519"
            guard let kind = kinds[type] else { throw UsageError("--type \(type): expected ed25519, p256, secp256k1 or rsa") }
            let key = try PrivateKey.random(kind)
            try KeyFile.write(key, to: path)
            tell(key, terminal)
        })

    private static let kinds: [String: PublicKey.Kind] = ["ed25519": .ed25519, "p256": .ecdsa, "secp256k1": .secp256k1, "rsa": .rsa]

    static let id = Command(
        name: "id", arguments: "<file or peer id>", summary: "print the peer id of a key file, or a peer id in its other form",
        examples: ["causeway id relay.key", "causeway id 12D3KooW…"],
        options: [],
        run: { values, terminal in
            let word = try Command.argument(values, "the key file or peer id")
            if let peer = try? PeerID(text: word) {
                terminal.say("\(peer)\n\(String(decoding: peer.cid, as: UTF8.self))")
                terminal.tell("id", ["peerId": .text(peer.description), "cid": .string(peer.cid)])
            } else {
                tell(try KeyFile.read(word), terminal)
            }
        })

    private static func tell(_ key: PrivateKey, _ terminal: Terminal) {
        let peer = key.publicKey.peerID
        terminal.say("\(peer)")
        terminal.tell("id", ["peerId": .text(peer.description), "cid": .string(peer.cid)])
    }
}
