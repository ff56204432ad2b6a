import Testing

@testable import CausewayIdentity

#if os(Linux)
    import Glibc
#endif

@Suite struct SecretTests {
    @Test func anArrayIsWipedInItsPlace() {
        var bytes = [UInt8](repeating: 0xa5, count: 100)
        let place = bytes.withUnsafeBytes { $0.baseAddress }
        bytes.wipe()
        #expect(bytes == [UInt8](repeating: 0, count: 100))
        #expect(bytes.withUnsafeBytes { $0.baseAddress } == place)
        var none: [UInt8] = []
        none.wipe()
    }

    @Test func partsAreCopies() {
        let secret = Secret([1, 2, 3, 4, 5])
        #expect(secret[1..<3] == [2, 3] && secret[0..<0] == [])
        #expect(secret.part(2..<5)[0..<3] == [3, 4, 5])
    }

    /// Of HKDF with SHA-256, against its two steps.
    @Test func noisesDerivation() {
        let (first, second) = HKDF.derive(Secret([UInt8](0..<32)), Secret([7, 8, 9]))
        func hmac(_ key: [UInt8], _ message: [UInt8]) -> [UInt8] {
            let padded = key + [UInt8](repeating: 0, count: 64 - key.count)
            return SHA256.hash(padded.map { $0 ^ 0x5c }, SHA256.hash(padded.map { $0 ^ 0x36 }, message))
        }
        let key = hmac([UInt8](0..<32), [7, 8, 9])
        #expect(first[0..<32] == hmac(key, [1]) && second[0..<32] == hmac(key, first[0..<32] + [2]))
    }

    #if os(Linux)
        /// What lies in memory, also where nothing is allocated any more: as the system sees it.
        private func memory(_ address: UnsafeRawPointer, _ count: Int, into bytes: inout [UInt8]) {
            let file = open("/proc/self/mem", O_RDONLY)
            defer { close(file) }
            let got = pread(file, &bytes, count, off_t(Int(bitPattern: address)))
            #expect(got == count)
        }

        @Test func whatNobodyHoldsIsZeroed() {
            var seen = [UInt8](repeating: 0, count: 480)
            var secret: Secret? = Secret([UInt8](repeating: 0xa5, count: 512))
            // Behind what the allocator writes into what was freed.
            let address = UnsafeRawPointer(secret!.place) + 32
            memory(address, 480, into: &seen)
            #expect(seen.allSatisfy { $0 == 0xa5 })
            secret = nil
            memory(address, 480, into: &seen)
            #expect(!seen.contains(0xa5))
        }

        @Test func aCipherKeysPlaceIsItsSecrets() {
            var seen = [UInt8](repeating: 0, count: 32)
            var key: CipherKey? = CipherKey(Secret([UInt8](repeating: 0xa5, count: 32)))
            let address = UnsafeRawPointer(key!.key.place)
            let sealed = key!.seal([1, 2, 3], counter: 0)
            var other = key
            key = nil
            memory(address, 32, into: &seen)
            #expect(seen.allSatisfy { $0 == 0xa5 } && other!.open(sealed, counter: 0) == [1, 2, 3])
            other = nil
            memory(address, 32, into: &seen)
            // Behind what the allocator writes into what was freed.
            #expect(!seen[16...].contains(0xa5))
        }
    #endif
}
