import CausewayIdentity
import Testing

@Suite("HMAC-SHA-256") struct HMACSHA256Tests {
    /// RFC 4231, section 4.3.
    @Test func vector() {
        let code = Array("what do ya want for nothing?".utf8).withUnsafeBytes {
            HMACSHA256.code(of: $0, key: Secret(Array("Jefe".utf8)))
        }
        #expect(code.prefix(8) == [0x5b, 0xdc, 0xc1, 0x46, 0xbf, 0x60, 0x75, 0x4e] && code.count == 32)
    }

    @Test func onlyTheRightCodeIsRight() {
        let key = Secret([1, 2, 3])
        let message: [UInt8] = [4, 5]
        let right = message.withUnsafeBytes { HMACSHA256.code(of: $0, key: key) }
        func verify(_ code: [UInt8]) -> Bool {
            code.withUnsafeBytes { code in message.withUnsafeBytes { HMACSHA256.verify(code, of: $0, key: key) } }
        }
        #expect(verify(right) && !verify([]) && !verify(right + [0]) && !verify([UInt8](right.dropLast())))
        for index in right.indices {
            var wrong = right
            wrong[index] ^= 0x80
            #expect(!verify(wrong))
        }
    }
}
