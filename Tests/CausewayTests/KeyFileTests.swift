import Causeway
import Foundation
import Testing

@Suite("Key files") struct KeyFileTests {
    @Test func keepsKeysOfAllTypes() throws {
        for kind in [PublicKey.Kind.ed25519, .ecdsa, .secp256k1, .rsa] {
            let path = NSTemporaryDirectory() + "key-" + UUID().uuidString
            defer { try? FileManager.default.removeItem(atPath: path) }
            let key = try PrivateKey.random(kind)
            #expect(key.publicKey.kind == kind)
            try KeyFile.write(key, to: path)
            let kept = try KeyFile.read(path)
            #expect(kept.publicKey == key.publicKey)
            #expect(try key.publicKey.verify(kept.sign([1, 2]), of: [1, 2]))
            #expect(try PrivateKey.random(kind).publicKey != key.publicKey)
        }
    }

    @Test func keptAndPrivate() throws {
        let path = NSTemporaryDirectory() + "key-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: path) }
        let key = try KeyFile.readOrMake(path)
        #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o600)
        #expect(try KeyFile.readOrMake(path).publicKey == key.publicKey)
        #expect(throws: NodeError.self) { try KeyFile.write(key, to: path) }
        // As Kubernetes mounts secrets for a group of the process's.
        for mode in [0o400, 0o440, 0o640] {
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
            #expect(try KeyFile.read(path).publicKey == key.publicKey)
        }
        for mode in [0o604, 0o660, 0o602] {
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
            #expect(throws: NodeError.self) { try KeyFile.read(path) }
        }
    }
}
