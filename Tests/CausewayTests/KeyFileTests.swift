import Causeway
import Foundation
import Testing

@Suite("Key files") struct KeyFileTests {
    @Test func keptAndPrivate() throws {
        let path = NSTemporaryDirectory() + "key-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: path) }
        let key = try KeyFile.readOrMake(path)
        #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o600)
        #expect(try KeyFile.readOrMake(path).publicKey == key.publicKey)
        #expect(throws: NodeError.self) { try KeyFile.write(key, to: path) }
        try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: path)
        #expect(throws: NodeError.self) { try KeyFile.read(path) }
    }
}
