import CausewayIdentity
import Testing

/// RFC 2202, section 3.
@Suite("HMAC-SHA-1") struct HMACSHA1Tests {
    private static let cases: [(key: [UInt8], message: String, code: [UInt8])] = [
        (
            [UInt8](repeating: 0x0b, count: 20), "Hi There",
            [0xb6, 0x17, 0x31, 0x86, 0x55, 0x05, 0x72, 0x64, 0xe2, 0x8b, 0xc0, 0xb6, 0xfb, 0x37, 0x8c, 0x8e, 0xf1, 0x46, 0xbe, 0x00]
        ),
        (
            [UInt8](repeating: 0xaa, count: 80), "Test Using Larger Than Block-Size Key - Hash Key First",
            [0xaa, 0x4a, 0xe5, 0xe1, 0x52, 0x72, 0xd0, 0x0e, 0x95, 0x70, 0x56, 0x37, 0xce, 0x8a, 0x3b, 0x55, 0xed, 0x40, 0x21, 0x12]
        ),
    ]

    @Test(arguments: cases.indices) func theStandardsCodes(_ index: Int) {
        let (key, message, code) = Self.cases[index]
        let bytes = Array(message.utf8)
        for cut in 0...bytes.count {
            Array(bytes[..<cut]).withUnsafeBytes { head in
                Array(bytes[cut...]).withUnsafeBytes { body in
                    func isValid(_ code: [UInt8], _ key: [UInt8]) -> Bool {
                        code.withUnsafeBytes { code in key.withUnsafeBytes { HMACSHA1.isValid(code, key: $0, head, body) } }
                    }
                    #expect(isValid(code, key) && !isValid(code.dropLast(), key) && !isValid(code, key + [1]))
                }
            }
        }
    }
}
