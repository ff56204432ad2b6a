import CausewayIdentity
import Testing

/// Signatures as go-libp2p takes them in gossip.
@Suite struct PreparedKeyTests {
    private let message = bytes("some message")

    private func accepts(_ kind: PublicKey.Kind, _ key: String, _ signature: [UInt8]) throws -> Bool {
        try PreparedKey(PublicKey(kind, data: hex(key))).accepts(signature, of: message)
    }

    @Test(arguments: [
        (
            "304e301006072a8648ce3d020106052b81040021033a00042bb8b98c3637abee425aa803f659fb36ca49b9db72381615bef92261fc1327b6ea8f00fa4c4dda1a550ea5d134874158f1b15d99dd4ec4c0",
            "303d021c485b03168c34489a51b397905f5b644b9971d57346b1d7913fbc0422021d00b289c4ca8208de20157f4c89e04b3d49ade4d9e942504b3b9cabf6fc"
        ),
        (
            "3076301006072a8648ce3d020106052b8104002203620004aacc6dda971ccb8f343a563ec375051366a0023949e9229bceb8e07532a4d89fd0418c606f78e7a7aee228b6e812c3cc36eba934ea9fee80c1e1e5ef3bfa080830e4a73dc84fd09b7989251921a8bca241959b854c493c1cfa89b6a8f2305d9c",
            "3066023100b8e84a439bea51c4599218518f0630f67532e75d29d6c00f6c5810e94a092ed0619adfe85c688edf2feb5eab161d8a5a023100cb163336b8b188ff47b2090ac319109b5b981013039e8ea5f8142c12ef3f6514f9cb136594d8549611093183e4e1051c"
        ),
        (
            "30819b301006072a8648ce3d020106052b81040023038186000400d4ea66d1d42517782fb3d5133909b042a88d936a0bba9bbf9a4283d6e4df6681829221b0d66c3c1ebf410d91434e06c1a133962eab235fe18128c7c1c2dac7eeb600ec1d7ff3ced04b351284fd1bcf46ec8af0e373c156e5b0a9d0043f2a00ce4392fb0c63177bab501cd11c55094ce9af02cd3fb5f670e936f1485ebc344b797547fc",
            "308186024147b79c157f1f382bf3701ec97838337388521d5b396f22eb7b49c11eff6121684e50ca574c10bb4d63b966ca7ed200402cc15fa423ec1e32b2ecb77ac2de36929f02416439b7ad6ef3b5c26986fe6288c67338b03cb21ec26f66b6fad55f57fc62a1efc2ced785046b173b60bdfe462802c17a40e1ec7de145accf645c6d9dd84db987a0"
        ),
    ]) func ecdsaOnOtherCurves(_ key: String, _ signature: String) throws {
        var changed = hex(signature)
        #expect(try accepts(.ecdsa, key, changed))
        #expect(try PublicKey(.ecdsa, data: hex(key)).verify(changed, of: message), "as an identity, too")
        #expect(try accepts(.ecdsa, key, changed + [1, 2, 3]), "go reads the DER and leaves the rest")
        #expect(try !PublicKey(.ecdsa, data: hex(key)).verify(changed + [1, 2, 3], of: message))
        changed[changed.count - 1] ^= 1
        #expect(try !accepts(.ecdsa, key, changed))
        #expect(try !accepts(.ecdsa, key, []))
        // A point that is not on the curve.
        var point = hex(key)
        point[point.count - 1] ^= 1
        #expect(throws: KeyError.malformed(.ecdsa)) { try PreparedKey(PublicKey(.ecdsa, data: point)) }
        #expect(throws: KeyError.malformed(.ecdsa)) { try PublicKey(.ecdsa, data: point).verify(hex(signature), of: message) }
    }

    @Test func highSOfSecp256k1() throws {
        let key = "024feddbbf1fd730036c94881bbf31851d51add4c58dc5ea693ee4ce5d76583f60"
        let low = hex(
            "304402207d7d56d6d0fcfe055af4b347f94e36497b827de2b4fb827795d51178de309934022038fbbb8e3c90fcbc7d5471871188ab9c0868b01df16e1f23acfa97d9e3896502"
        )
        let high = hex(
            "304502207d7d56d6d0fcfe055af4b347f94e36497b827de2b4fb827795d51178de309934022100c7044471c36f034382ab8e78ee775462b2462cc8bdda811812d7c6b2ecacdc3f"
        )
        let identity = try PublicKey(.secp256k1, data: hex(key))
        #expect(try accepts(.secp256k1, key, low) && identity.verify(low, of: message))
        #expect(try accepts(.secp256k1, key, high) && !identity.verify(high, of: message))
        #expect(try !accepts(.secp256k1, key, low + [0]))
    }

    /// RFC 8032 allows it, so do go and js; of an identity it is refused.
    @Test func pointsOfSmallOrder() throws {
        let one = "01" + String(repeating: "00", count: 31)
        let base = hex("58" + String(repeating: "66", count: 31))
        let identity = try PublicKey(.ed25519, data: hex(one))
        for (r, s) in [(base, UInt8(1)), (hex(one), 0)] {
            let signature = r + [s] + [UInt8](repeating: 0, count: 31)
            #expect(try accepts(.ed25519, one, signature) && !identity.verify(signature, of: message))
        }
        #expect(try !accepts(.ed25519, one, base + [2] + [UInt8](repeating: 0, count: 31)))
        // S not below the group's order.
        #expect(
            try !accepts(.ed25519, one, base + hex("eed3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010")))
    }

    @Test func whatOthersTakeIsTakenWhateverItsForm() throws {
        let key = try PrivateKey(ed25519Seed: [UInt8](repeating: 7, count: 32))
        let prepared = try PreparedKey(protobuf: key.publicKey.protobuf)
        #expect(prepared.peerID == key.publicKey.peerID)
        #expect(try prepared.accepts(key.sign(message), of: message))
        #expect(try !prepared.accepts(key.sign(message), of: message + [0]))
        #expect(!prepared.accepts([], of: message))
    }
}
