import CausewayIdentity
import Foundation
import Testing

/// Own keys of all four types: the vectors of peer-ids/peer-ids.md, fresh ones, and damaged ones.
@Suite struct OwnKeyTests {
    private struct Vector {
        let kind: PublicKey.Kind
        let privateKey: [UInt8]
        let publicKey: [UInt8]
    }

    private static let vectors = [
        Vector(kind: .ed25519, privateKey: hex(ed25519Private), publicKey: hex(ed25519Public)),
        Vector(kind: .ecdsa, privateKey: hex(ecdsaPrivate), publicKey: hex(ecdsaPublic)),
        Vector(kind: .secp256k1, privateKey: hex(secp256k1Private), publicKey: hex(secp256k1Public)),
        Vector(kind: .rsa, privateKey: hex(rsaPrivate), publicKey: hex(rsaPublic)),
    ]

    private static func key(_ kind: PublicKey.Kind) throws -> PrivateKey {
        let vector = try #require(vectors.first { $0.kind == kind })
        return try PrivateKey(protobuf: vector.privateKey)
    }

    @Test func readsAndWritesTheSpecificationsKeys() throws {
        for vector in Self.vectors {
            let key = try PrivateKey(protobuf: vector.privateKey)
            #expect(key.publicKey.kind == vector.kind)
            #expect(key.publicKey.protobuf == vector.publicKey, "\(vector.kind)")
            #expect(key.protobuf == vector.privateKey, "\(vector.kind)")
            #expect(try PublicKey(protobuf: vector.publicKey) == key.publicKey)
        }
    }

    @Test func signsWhatOthersVerify() throws {
        for vector in Self.vectors {
            let key = try PrivateKey(protobuf: vector.privateKey)
            // Half of all signatures would have a high S, which js-libp2p refuses.
            for number in 0..<20 {
                let message = bytes("message \(number)")
                var signature = try key.sign(message)
                #expect(try key.publicKey.verify(signature, of: message), "\(vector.kind) \(signature)")
                #expect(try !key.publicKey.verify(signature, of: message + [0]))
                signature[signature.count - 1] ^= 1
                #expect(try !key.publicKey.verify(signature, of: message))
            }
        }
    }

    /// PKCS #1 v1.5 has no randomness: `openssl dgst -sha256 -sign` wrote the signature of this hash.
    @Test func signaturesOfRSAAreTheOnlyOnesPossible() throws {
        let signature = try Self.key(.rsa).sign(bytes("causeway"))
        #expect(signature.count == 512)
        #expect(SHA256.hash(signature) == hex("21e91a9a64d99798ff5cfbba3c81d356bd3d16218bc988c2abd5209c3868afd3"))
    }

    @Test func sealsRecordsByEveryType() throws {
        for vector in Self.vectors {
            let key = try PrivateKey(protobuf: vector.privateKey)
            let record = PeerRecord(peerID: key.publicKey.peerID, sequence: 7, addresses: [try Multiaddr("/ip4/192.0.2.1/tcp/4001")])
            #expect(try PeerRecord.decode(envelope: record.sealed(by: key)) == record, "\(vector.kind)")
        }
    }

    @Test func makesKeysFromEntropyAndAnew() throws {
        let entropy = [UInt8](0..<48)
        let keys = try [PrivateKey.p256(entropy: entropy), .secp256k1(entropy: entropy), .randomRSA(), .randomRSA()]
        #expect(Set(keys.map(\.publicKey)).count == 4)
        for key in keys {
            #expect(try PrivateKey(protobuf: key.protobuf).publicKey == key.publicKey)
            #expect(try key.publicKey.verify(key.sign(entropy), of: entropy))
        }
        #expect(throws: KeyError.malformed(.secp256k1)) { try PrivateKey.secp256k1(entropy: [1]) }
        #expect(throws: KeyError.malformed(.ecdsa)) { try PrivateKey.p256(entropy: [1]) }
    }

    /// OpenSSL's keys are shared: threads sign by one at the same time.
    @Test func threadsShareAKey() throws {
        for kind in [PublicKey.Kind.ecdsa, .secp256k1, .rsa] {
            let key = try Self.key(kind)
            DispatchQueue.concurrentPerform(iterations: 4) { thread in
                for number in 0..<5 {
                    let message = [UInt8(thread), UInt8(number)]
                    #expect(throws: Never.self) {
                        let signature = try key.sign(message)
                        #expect(try key.publicKey.verify(signature, of: message))
                    }
                }
            }
        }
    }

    @Test func refusesScalarsOutsideTheGroup() {
        let order = hex("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141")
        for scalar in [
            [UInt8](repeating: 0, count: 32), order, [UInt8](repeating: 0xff, count: 32), [1], Array(order.dropLast()), [0] + order,
        ] {
            #expect(throws: KeyError.malformed(.secp256k1)) { try PrivateKey(secp256k1Scalar: scalar) }
        }
    }

    @Test func refusesRSAOfOtherSizesBeforeArithmetic() {
        func der(bits: Int, version: UInt8 = 0, numbers: Int = 7) -> [UInt8] {
            let modulus: [UInt8] = [0x00, 0x80] + [UInt8](repeating: 0xff, count: bits / 8 - 1)
            let rest = [[UInt8]](repeating: [0x02, 0x01, 0x03], count: numbers).flatMap { $0 }
            let content: [UInt8] = [0x02, 0x01, version, 0x02] + length(modulus.count) + modulus + rest
            return [0x30] + length(content.count) + content
        }
        func length(_ count: Int) -> [UInt8] {
            count < 0x80 ? [UInt8(count)] : count < 0x100 ? [0x81, UInt8(count)] : [0x82, UInt8(count >> 8), UInt8(count & 0xff)]
        }
        #expect(throws: KeyError.rsaSize(bits: 1_024)) { try PrivateKey(rsa: der(bits: 1_024)) }
        #expect(throws: KeyError.rsaSize(bits: 8_200)) { try PrivateKey(rsa: der(bits: 8_200)) }
        // Several primes, too few or too many numbers, and numbers that do not belong to each other.
        for wrong in [der(bits: 2_048, version: 1), der(bits: 2_048, numbers: 6), der(bits: 2_048, numbers: 8), der(bits: 2_048), []] {
            #expect(throws: KeyError.malformed(.rsa)) { try PrivateKey(rsa: wrong) }
        }
    }

    /// A bit that has turned in a file is noticed when it is read, not when a peer refuses a signature.
    @Test func refusesADamagedRSAKey() throws {
        let der = Array(try #require(Self.vectors.last).privateKey.dropFirst(5))
        _ = try PrivateKey(rsa: der)
        for place in stride(from: 20, to: der.count, by: 331) {
            var damaged = der
            damaged[place] ^= 0x04
            #expect(throws: KeyError.self, "byte \(place)") { try PrivateKey(rsa: damaged) }
        }
        #expect(throws: KeyError.malformed(.rsa)) { try PrivateKey(rsa: der + [0]) }
        #expect(throws: KeyError.malformed(.rsa)) { try PrivateKey(rsa: Array(der.dropLast())) }
    }
}

private let ed25519Private = """
    080112407e0830617c4a7de83925dfb2694556b12936c477a0e1feb2e148ec9da60fee7d1ed1e8fae2c4a144b8be8fd4b47bf3d3b34b871c3cacf601\
    0f0e42d474fce27e
    """
private let ed25519Public = """
    080112201ed1e8fae2c4a144b8be8fd4b47bf3d3b34b871c3cacf6010f0e42d474fce27e
    """
private let ecdsaPrivate = """
    08031279307702010104203e5b1fe9712e6c314942a750bd67485de3c1efe85b1bfb520ae8f9ae3dfa4a4ca00a06082a8648ce3d030107a144034200\
    04de3d300fa36ae0e8f5d530899d83abab44abf3161f162a4bc901d8e6ecda020e8b6d5f8da30525e71d6851510c098e5c47c646a597fb4dcec034e9\
    f77c409e62
    """
private let ecdsaPublic = """
    0803125b3059301306072a8648ce3d020106082a8648ce3d03010703420004de3d300fa36ae0e8f5d530899d83abab44abf3161f162a4bc901d8e6ec\
    da020e8b6d5f8da30525e71d6851510c098e5c47c646a597fb4dcec034e9f77c409e62
    """
private let secp256k1Private = """
    0802122053dadf1d5a164d6b4acdb15e24aa4c5b1d3461bdbd42abedb0a4404d56ced8fb
    """
private let secp256k1Public = """
    08021221037777e994e452c21604f91de093ce415f5432f701dd8cd1a7a6fea0e630bfca99
    """
private let rsaPrivate = """
    080012ae123082092a0201000282020100e1beab071d08200bde24eef00d049449b07770ff9910257b2d7d5dda242ce8f0e2f12e1af4b32d9efd2c09\
    0f66b0f29986dbb645dae9880089704a94e5066d594162ae6ee8892e6ec70701db0a6c445c04778eb3de1293aa1a23c3825b85c6620a2bc3f82f9b0c\
    309bc0ab3aeb1873282bebd3da03c33e76c21e9beb172fd44c9e43be32e2c99827033cf8d0f0c606f4579326c930eb4e854395ad941256542c793902\
    185153c474bed109d6ff5141ebf9cd256cf58893a37f83729f97e7cb435ec679d2e33901d27bb35aa0d7e20561da08885ef0abbf8e2fb48d6a548704\
    7a9ecb1ad41fa7ed84f6e3e8ecd5d98b3982d2a901b4454991766da295ab78822add5612a2df83bcee814cf50973e80d7ef38111b1bd87da2ae92438\
    a2c8cbcc70b31ee319939a3b9c761dbc13b5c086d6b64bf7ae7dacc14622375d92a8ff9af7eb962162bbddebf90acb32adb5e4e4029f1c96019949ec\
    fbfeffd7ac1e3fbcc6b6168c34be3d5a2e5999fcbb39bba7adbca78eab09b9bc39f7fa4b93411f4cc175e70c0a083e96bfaefb04a9580b4753c1738a\
    6a760ae1afd851a1a4bdad231cf56e9284d832483df215a46c1c21bdf0c6cfe951c18f1ee4078c79c13d63edb6e14feaeffabc90ad317e4875fe6481\
    01b0864097e998f0ca3025ef9638cd2b0caecd3770ab54a1d9c6ca959b0f5dcbc90caeefc4135baca6fd475224269bbe1b02030100010282020100a4\
    72ffa858efd8588ce59ee264b957452f3673acdf5631d7bfd5ba0ef59779c231b0bc838a8b14cae367b6d9ef572c03c7883b0a3c652f5c24c316b1cc\
    fd979f13d0cd7da20c7d34d9ec32dfdc81ee7292167e706d705efde5b8f3edfcba41409e642f8897357df5d320d21c43b33600a7ae4e505db957c1af\
    bc189d73f0b5d972d9aaaeeb232ca20eebd5de6fe7f29d01470354413cc9a0af1154b7af7c1029adcd67c74b4798afeb69e09f2cb387305e73a1b5f4\
    50202d54f0ef096fe1bde340219a1194d1ac9026e90b366cce0c59b239d10e4888f52ca1780824d39ae01a6b9f4dd6059191a7f12b2a3d8db3c2868c\
    d4e5a5862b8b625a4197d52c6ac77710116ebd3ced81c4d91ad5fdfbed68312ebce7eea45c1833ca3acf7da2052820eacf5c6b07d086dabeb893391c\
    71417fd8a4b1829ae2cf60d1749d0e25da19530d889461c21da3492a8dc6ccac7de83ac1c2185262c7473c8cc42f547cc9864b02a8073b6aa54a037d\
    8c0de3914784e6205e83d97918b944f11b877b12084c0dd1d36592f8a4f8b8da5bb404c3d2c079b22b6ceabfbcb637c0dbe0201f0909d533f8bf308a\
    da47aee641a012a494d31b54c974e58b87f140258258bb82f31692659db7aa07e17a5b2a0832c24e122d3a8babcc9ee74cbb07d3058bb85b15f6f6b2\
    674aba9fd34367be9782d444335fbed31e3c4086c652597c27104938b47fa10282010100e9fdf843c1550070ca711cb8ff28411466198f0e212511c3\
    186623890c0071bf6561219682fe7dbdfd81176eba7c4faba21614a20721e0fcd63768e6d925688ecc90992059ac89256e0524de90bf3d8a052ce6a9\
    f6adafa712f3107a016e20c80255c9e37d8206d1bc327e06e66eb24288da866b55904fd8b59e6b2ab31bc5eab47e597093c63fab7872102d57b4c589\
    c66077f534a61f5f65127459a33c91f6db61fc431b1ae90be92b4149a3255291baf94304e3efb77b1107b5a3bda911359c40a53c347ff9100baf8f36\
    dc5cd991066b5bdc28b39ed644f404afe9213f4d31c9d4e40f3a5f5e3c39bebeb244e84137544e1a1839c1c8aaebf0c78a7fad590282010100f6fa1f\
    1e6b803742d5490b7441152f500970f46feb0b73a6e4baba2aaf3c0e245ed852fc31d86a8e46eb48e90fac409989dfee45238f97e8f1f8e83a136488\
    c1b04b8a7fb695f37b8616307ff8a8d63e8cfa0b4fb9b9167ffaebabf111aa5a4344afbabd002ae8961c38c02da76a9149abdde93eb389eb32595c29\
    ba30d8283a7885218a5a9d33f7f01dbdf85f3aad016c071395491338ec318d39220e1c7bd69d3d6b520a13a30d745c102b827ad9984b0dd6aed73916\
    ffa82a06c1c111e7047dcd2668f988a0570a71474992eecf416e068f029ec323d5d635fd24694fc9bf96973c255d26c772a95bf8b7f876547a5beabf\
    86f06cd21b67994f944e7a5493028201010095b02fd30069e547426a8bea58e8a2816f33688dac6c6f6974415af8402244a22133baedf34ce499d703\
    6f3f19b38eb00897c18949b0c5a25953c71aeeccfc8f6594173157cc854bd98f16dffe8f28ca13b77eb43a2730585c49fc3f608cd811bb54b03b84bd\
    daa8ef910988567f783012266199667a546a18fd88271fbf63a45ae4fd4884706da8befb9117c0a4d73de5172f8640b1091ed8a4aea3ed4641463f5f\
    f6a5e3401ad7d0c92811f87956d1fd5f9a1d15c7f3839a08698d9f35f9d966e5000f7cb2655d7b6c4adcd8a9d950ea5f61bb7c9a33c17508f9baa313\
    eecfee4ae493249ebe05a5d7770bbd3551b2eeb752e3649e0636de08e3d672e66cb90282010100ad93e4c31072b063fc5ab5fe22afacece775c795d0\
    efdf7c704cfc027bde0d626a7646fc905bb5a80117e3ca49059af14e0160089f9190065be9bfecf12c3b2145b211c8e89e42dd91c38e9aa23ca73697\
    063564f6f6aa6590088a738722df056004d18d7bccac62b3bafef6172fc2a4b071ea37f31eff7a076bcab7dd144e51a9da8754219352aef2c7347897\
    1539fa41de4759285ea626fa3c72e7085be47d554d915bbb5149cb6ef835351f231043049cd941506a034bf2f8767f3e1e42ead92f91cb3d75549b57\
    ef7d56ac39c2d80d67f6a2b4ca192974bfc5060e2dd171217971002193dba12e7e4133ab201f07500a90495a38610279b13a48d54f0c99028201003e\
    3a1ac0c2b67d54ed5c4bbe04a7db99103659d33a4f9d35809e1f60c282e5988dddc964527f3b05e6cc890eab3dcb571d66debf3a5527704c87264b39\
    54d7265f4e8d2c637dd89b491b9cf23f264801f804b90454d65af0c4c830d1aef76f597ef61b26ca857ecce9cb78d4f6c2218c00d2975d46c2b013fb\
    f59b750c3b92d8d3ed9e6d1fd0ef1ec091a5c286a3fe2dead292f40f380065731e2079ebb9f2a7ef2c415ecbb488da98f3a12609ca1b6ec8c734032c\
    8bd513292ff842c375d4acd1b02dfb206b24cd815f8e2f9d4af8e7dea0370b19c1b23cc531d78b40e06e1119ee2e08f6f31c6e2e8444c568d13c5d45\
    1a291ae0c9f1d4f27d23b3a00d60ad
    """
private let rsaPublic = """
    080012a60430820222300d06092a864886f70d01010105000382020f003082020a0282020100e1beab071d08200bde24eef00d049449b07770ff9910\
    257b2d7d5dda242ce8f0e2f12e1af4b32d9efd2c090f66b0f29986dbb645dae9880089704a94e5066d594162ae6ee8892e6ec70701db0a6c445c0477\
    8eb3de1293aa1a23c3825b85c6620a2bc3f82f9b0c309bc0ab3aeb1873282bebd3da03c33e76c21e9beb172fd44c9e43be32e2c99827033cf8d0f0c6\
    06f4579326c930eb4e854395ad941256542c793902185153c474bed109d6ff5141ebf9cd256cf58893a37f83729f97e7cb435ec679d2e33901d27bb3\
    5aa0d7e20561da08885ef0abbf8e2fb48d6a5487047a9ecb1ad41fa7ed84f6e3e8ecd5d98b3982d2a901b4454991766da295ab78822add5612a2df83\
    bcee814cf50973e80d7ef38111b1bd87da2ae92438a2c8cbcc70b31ee319939a3b9c761dbc13b5c086d6b64bf7ae7dacc14622375d92a8ff9af7eb96\
    2162bbddebf90acb32adb5e4e4029f1c96019949ecfbfeffd7ac1e3fbcc6b6168c34be3d5a2e5999fcbb39bba7adbca78eab09b9bc39f7fa4b93411f\
    4cc175e70c0a083e96bfaefb04a9580b4753c1738a6a760ae1afd851a1a4bdad231cf56e9284d832483df215a46c1c21bdf0c6cfe951c18f1ee4078c\
    79c13d63edb6e14feaeffabc90ad317e4875fe648101b0864097e998f0ca3025ef9638cd2b0caecd3770ab54a1d9c6ca959b0f5dcbc90caeefc4135b\
    aca6fd475224269bbe1b0203010001
    """
