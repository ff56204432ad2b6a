import CausewayIdentity
import Testing

/// Test vectors of peer-ids/peer-ids.md and the attacks that others have met.
@Suite struct KeyTests {
    let ed25519 = hex(
        "080112407e0830617c4a7de83925dfb2694556b12936c477a0e1feb2e148ec9da60fee7d1ed1e8fae2c4a144b8be8fd4b47bf3d3b34b871c3cacf6010f0e42d474fce27e"
    )
    let ed25519Public = hex("080112201ed1e8fae2c4a144b8be8fd4b47bf3d3b34b871c3cacf6010f0e42d474fce27e")
    let secp256k1Public = hex("08021221037777e994e452c21604f91de093ce415f5432f701dd8cd1a7a6fea0e630bfca99")
    let ecdsaPublic = hex(
        "0803125b3059301306072a8648ce3d020106082a8648ce3d03010703420004de3d300fa36ae0e8f5d530899d83abab44abf3161f162a4bc901d8e6ecda020e8b6d5f8da30525e71d6851510c098e5c47c646a597fb4dcec034e9f77c409e62"
    )
    let ecdsaPrivate = hex(
        "08031279307702010104203e5b1fe9712e6c314942a750bd67485de3c1efe85b1bfb520ae8f9ae3dfa4a4ca00a06082a8648ce3d030107a14403420004de3d300fa36ae0e8f5d530899d83abab44abf3161f162a4bc901d8e6ecda020e8b6d5f8da30525e71d6851510c098e5c47c646a597fb4dcec034e9f77c409e62"
    )

    @Test func readsTheSpecificationsKeys() throws {
        let key = try PrivateKey(protobuf: ed25519)
        #expect(key.publicKey.protobuf == ed25519Public)
        #expect(key.protobuf == ed25519)
        #expect(try PublicKey(protobuf: secp256k1Public).kind == .secp256k1)
        let p256 = try PrivateKey(protobuf: ecdsaPrivate)
        #expect(p256.publicKey.protobuf == ecdsaPublic)
        #expect(p256.protobuf == ecdsaPrivate)
        #expect(try PublicKey(protobuf: ecdsaPublic) == p256.publicKey)
    }

    @Test func signsAndVerifies() throws {
        let message = bytes("some message")
        for key in [try PrivateKey(protobuf: ed25519), try PrivateKey(protobuf: ecdsaPrivate), try .p256(entropy: [UInt8](0..<48))] {
            var signature = try key.sign(message)
            #expect(try key.publicKey.verify(signature, of: message))
            #expect(try !key.publicKey.verify(signature, of: message + [0]))
            signature[signature.count - 1] ^= 1
            #expect(try !key.publicKey.verify(signature, of: message))
            #expect(try !key.publicKey.verify([], of: message))
            #expect(try PrivateKey(protobuf: key.protobuf).publicKey == key.publicKey)
        }
    }

    @Test func refusesSecondFormsOfAKey() {
        #expect(throws: KeyError.notDeterministic) { try PublicKey(protobuf: ed25519Public + [0x18, 0x00]) }
        #expect(throws: KeyError.malformedMessage(.truncated)) { try PublicKey(protobuf: ed25519Public + [0x18]) }
        #expect(throws: KeyError.notDeterministic) { try PublicKey(protobuf: Array(ed25519Public[2...]) + [0x08, 0x01]) }
        #expect(throws: KeyError.notDeterministic) { try PublicKey(protobuf: [0x08, 0x01] + ed25519Public) }
        #expect(throws: KeyError.notDeterministic) { try PublicKey(protobuf: []) }
        #expect(throws: KeyError.unknownType(4)) { try PublicKey(protobuf: [0x08, 0x04, 0x12, 0x01, 0x00]) }
        #expect(throws: KeyError.malformed(.ed25519)) { try PublicKey(protobuf: [0x08, 0x01, 0x12, 0x01, 0x00]) }
    }

    @Test func refusesRSAOutsideItsRangeBeforeArithmetic() throws {
        func rsa(bits: Int, exponent: [UInt8] = [1, 0, 1]) -> [UInt8] {
            let modulus = [0x02] + length(bits / 8 + 1) + [0x00, 0x80] + [UInt8](repeating: 0xff, count: bits / 8 - 1)
            let numbers = modulus + [0x02] + length(exponent.count) + exponent
            let key = [0x30] + length(numbers.count) + numbers
            let content: [UInt8] = hex("300d06092a864886f70d0101010500") + [0x03] + length(key.count + 1) + [0x00] + key
            return [0x30] + length(content.count) + content
        }
        func length(_ count: Int) -> [UInt8] {
            count < 0x80 ? [UInt8(count)] : count < 0x100 ? [0x81, UInt8(count)] : [0x82, UInt8(count >> 8), UInt8(count & 0xff)]
        }
        #expect(throws: KeyError.rsaSize(bits: 1_024)) { try PublicKey(.rsa, data: rsa(bits: 1_024)) }
        #expect(throws: KeyError.rsaSize(bits: 8_200)) { try PublicKey(.rsa, data: rsa(bits: 8_200)) }
        #expect(throws: KeyError.malformed(.rsa)) { try PublicKey(.rsa, data: rsa(bits: 2_048, exponent: [1, 0, 0])) }
        #expect(throws: KeyError.malformed(.rsa)) { try PublicKey(.rsa, data: rsa(bits: 2_048, exponent: [1, 0, 0, 0, 1])) }
        #expect(try PublicKey(.rsa, data: rsa(bits: 2_048)).peerID.bytes.count == 34)
        #expect(try PublicKey(.rsa, data: rsa(bits: 8_192)).kind == .rsa)
    }

    @Test func refusesDERThatRunsOverItsEnd() {
        for der in ["3084ffffffff00", "30847fffffff00", "3080", "30", "3059301306072a8648ce3d0201", "308300000100", "30ff00"] {
            #expect(throws: KeyError.self) { try PublicKey(.rsa, data: hex(der)) }
            #expect(throws: KeyError.self) { try PublicKey(.ecdsa, data: hex(der)) }
        }
        var other = Array(ecdsaPublic[4...])
        other[20] ^= 0x01
        #expect(throws: KeyError.self) { try PublicKey(.ecdsa, data: other) }
        var cut = Array(ecdsaPublic[4...])
        cut[1] += 1
        #expect(throws: KeyError.malformed(.ecdsa)) { try PublicKey(.ecdsa, data: cut) }
    }

    @Test func refusesEd25519WithALargeS() throws {
        let key = try PrivateKey(protobuf: ed25519)
        var signature = try key.sign([])
        let order = hex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010")
        var carry: UInt16 = 0
        for index in 0..<32 {
            carry += UInt16(signature[32 + index]) + UInt16(order[index])
            signature[32 + index] = UInt8(carry & 0xff)
            carry >>= 8
        }
        #expect(try !key.publicKey.verify(signature, of: []))
    }

    @Test func refusesAPrivateKeyWhosePublicHalfIsAnothers() {
        var damaged = ed25519
        damaged[damaged.count - 1] ^= 1
        #expect(throws: KeyError.malformed(.ed25519)) { try PrivateKey(protobuf: damaged) }
        #expect(throws: KeyError.malformed(.rsa)) { try PrivateKey(protobuf: [0x08, 0x00, 0x12, 0x01, 0x00]) }
        #expect(throws: KeyError.malformed(.ecdsa)) { try PrivateKey(p256Scalar: [UInt8](repeating: 0, count: 32)) }
        #expect(throws: KeyError.malformed(.ecdsa)) { try PrivateKey(p256Scalar: [UInt8](repeating: 0xff, count: 32)) }
    }
}

@Suite struct PeerIDTests {
    @Test func formsOfOnePeer() throws {
        let id = try PeerID(text: "12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA")
        #expect(id.description == "12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA")
        #expect(string(id.cid).hasPrefix("bafz"))
        #expect(try PeerID(text: id.cid) == id)
        #expect(try PeerID(id.bytes) == id)
        #expect(id.inlinedKey?.peerID == id)
        let hashed = try PeerID(text: "QmcgpsyWgH8Y8ajJz1Cu72KnS5uo2Aa2LpzU7kinSupNKC")
        #expect(hashed.inlinedKey == nil)
        #expect(try PeerID(text: "k2k4r8oqamigqdo6o7hsbfwd45y70oyynp98usk7zmyfrzpqxh1pohl7") == hashed)
        #expect(try PeerID(text: "bafzbeigvf25ytwc3akrijfecaotc74udrhcxzh2cx3we5qqnw5vgrei4bm") == hashed)
    }

    @Test func refuses() {
        #expect(throws: PeerIDError.empty) { try PeerID(text: "") }
        #expect(throws: PeerIDError.badText) { try PeerID(text: "12D3Koo0") }
        #expect(throws: PeerIDError.badText) { try PeerID(text: "?") }
        #expect(throws: PeerIDError.tooLong(limit: 128)) { try PeerID(text: String(repeating: "1", count: 129)) }
        #expect(throws: PeerIDError.badDigestLength(43)) { try PeerID([0, 43] + [UInt8](repeating: 1, count: 43)) }
        #expect(throws: PeerIDError.badDigestLength(0)) { try PeerID([0, 0]) }
        #expect(throws: PeerIDError.badDigestLength(31)) { try PeerID([0x12, 31] + [UInt8](repeating: 1, count: 31)) }
        #expect(throws: PeerIDError.unsupportedHash(code: 0x13)) { try PeerID([0x13, 64] + [UInt8](repeating: 1, count: 64)) }
        #expect(throws: PeerIDError.malformedMultihash) { try PeerID([0x12, 32] + [UInt8](repeating: 1, count: 33)) }
        #expect(throws: PeerIDError.malformedMultihash) { try PeerID([0x12, 0xff, 0xff, 0xff, 0xff, 0x7f]) }
        // A CID of dag-pb (an IPFS file).
        #expect(throws: PeerIDError.notALibp2pKey) { try PeerID(text: "bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi") }
    }
}
