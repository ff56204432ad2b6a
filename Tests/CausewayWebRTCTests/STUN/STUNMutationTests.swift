import Testing

@testable import CausewayWebRTC

/// Reads everything that a message may have.
private func readAll(_ bytes: [UInt8]) -> Bool {
    bytes.withUnsafeBytes { buffer in
        _ = BindingRequest(buffer)
        guard let message = try? STUNMessage(buffer) else { return false }
        _ = (message.mappedAddress, message.errorCode, message.unknownAttributes, message.number(.priority, as: UInt32.self))
        _ = (message.number(.iceControlled, as: UInt64.self), message.value(.username), message.value(.software))
        return message.isIntact(password: STUNVectors.password)
    }
}

@Suite("Broken STUN messages") struct STUNMutationTests {
    @Test func cutMessagesAreNone() {
        for whole in [STUNVectors.request, STUNVectors.responseIPv4, STUNVectors.responseIPv6] {
            #expect(readAll(whole))
            for end in 0..<whole.count { #expect(!readAll(Array(whole[..<end]))) }
        }
    }

    /// The integrity covers every bit before it, and FINGERPRINT itself and those. Only who changes the type of FINGERPRINT has a message
    /// with something behind its integrity that does not count.
    @Test func noBitCanBeChanged() {
        for whole in [STUNVectors.request, STUNVectors.responseIPv6] {
            for index in whole.indices where index != whole.count - 8 && index != whole.count - 7 {
                for bit in 0..<8 as Range<UInt8> {
                    var changed = whole
                    changed[index] ^= 1 << bit
                    #expect(!readAll(changed), "bit \(bit) of byte \(index)")
                }
            }
        }
    }

    @Test func randomBytesAreNoMessage() {
        var random = Dice(seed: 5769)
        for _ in 0..<20_000 {
            var bytes = random.bytes(random.below(120))
            // Most are refused by their head, so half get one that is right.
            if random.below(2) == 0, bytes.count >= 20 {
                bytes.replaceSubrange(0..<8, with: [0, 1, 0, UInt8((bytes.count - 20) & 0xfc), 0x21, 0x12, 0xa4, 0x42])
                bytes.removeLast(bytes.count & 3)
            }
            #expect(!readAll(bytes), "\(bytes)")
        }
    }

    /// Several changes at once, without a fingerprint that would find them.
    @Test func changedMessagesNeverTrap() {
        var random = Dice(seed: 8489)
        for _ in 0..<20_000 {
            var bytes = stun([
                (0x0006, Array("abcd:efgh".utf8)), (0x0020, [0, 1, 1, 2, 3, 4, 5, 6]), (0x0009, [0, 0, 4, 20]), (0x0024, [1, 2, 3, 4]),
            ])
            for _ in 0...random.below(6) { bytes[random.below(bytes.count)] = UInt8(truncatingIfNeeded: random.next()) }
            #expect(!readAll(bytes))
        }
    }
}
