import CausewayIdentity
import Testing

@testable import CausewayWebRTC

/// Reads a message and hands it to `body` while it lies.
func reading<Result>(_ bytes: [UInt8], _ body: (STUNMessage) throws -> Result) throws -> Result {
    try bytes.withUnsafeBytes { try body(STUNMessage($0)) }
}

/// Writes a message by our writer.
func written(_ kind: STUNKind, _ transaction: TransactionID = TransactionID(high: 1, low: 2), _ body: (inout STUNWriter) -> Int) -> [UInt8]
{
    [UInt8](unsafeUninitializedCapacity: STUNLimits.messageSize) { buffer, count in
        var writer = STUNWriter(kind, transaction, into: UnsafeMutableRawBufferPointer(buffer))
        count = body(&writer)
    }
}

private func fault(_ bytes: [UInt8]) -> STUNError? {
    do {
        try reading(bytes) { _ in }
        return nil
    } catch { return error as? STUNError }
}

@Suite("STUN messages") struct STUNMessageTests {
    @Test func theStandardsRequest() throws {
        try reading(STUNVectors.request) { message in
            #expect(message.kind == .request && message.hasFingerprint && message.hasIntegrity)
            #expect(message.transaction == TransactionID(high: 0xb7e7_a701, low: 0xbc34_d686_fa87_dfae))
            #expect(message.value(.username).map { [UInt8]($0) } == Array("evtj:h6vY".utf8))
            #expect(message.value(.software).map { [UInt8]($0) } == Array("STUN test client".utf8))
            #expect(message.number(.priority, as: UInt32.self) == 0x6e00_01ff)
            #expect(message.number(.iceControlled, as: UInt64.self) == 0x932f_f9b1_5126_3b36)
            #expect(!message.has(.iceControlling) && !message.has(.useCandidate) && message.unknownAttributes.isEmpty)
            #expect(message.isIntact(password: STUNVectors.password) && !message.isIntact(password: Array("other".utf8)))
        }
    }

    @Test func theStandardsResponses() throws {
        let four = Endpoint(ip: [192, 0, 2, 1], port: 32853)
        let six = Endpoint(ip: IPAddressText.ipv6(Array("2001:db8:1234:5678:11:2233:4455:6677".utf8))!, port: 32853)
        for (bytes, endpoint) in [(STUNVectors.responseIPv4, four), (STUNVectors.responseIPv6, six)] {
            try reading(bytes) { message in
                #expect(message.kind == .success && message.mappedAddress == endpoint)
                #expect(message.isIntact(password: STUNVectors.password))
            }
        }
    }

    @Test func theStandardsLongTermRequest() throws {
        try reading(STUNVectors.longTermRequest) { message in
            #expect(!message.hasFingerprint && message.isIntact(password: STUNVectors.longTermKey))
            #expect(message.unknownAttributes == [0x15, 0x14], "nonce and realm, which ICE has no use for")
        }
    }

    @Test(arguments: ["192.0.2.1", "2001:db8::1"]) func whatIsWrittenIsRead(_ ip: String) throws {
        let text = Array(ip.utf8)
        let endpoint = Endpoint(ip: IPAddressText.ipv4(text) ?? IPAddressText.ipv6(text)!, port: 4321)!
        let bytes = written(.request) { writer in
            writer.append(username: Array("asked".utf8), Array("asking".utf8))
            writer.append(.priority, UInt32(77))
            writer.append(.useCandidate)
            writer.append(.iceControlling, UInt64(99))
            writer.append(mappedAddress: endpoint)
            writer.append(.software, Array("abc".utf8))
            writer.append(.roleConflict)
            return writer.finish(password: Array("secret".utf8))
        }
        try reading(bytes) { message in
            #expect(message.value(.username).map { [UInt8]($0) } == Array("asked:asking".utf8))
            #expect(message.number(.priority, as: UInt32.self) == 77 && message.number(.iceControlling, as: UInt64.self) == 99)
            #expect(message.has(.useCandidate) && message.mappedAddress == endpoint && message.errorCode == .roleConflict)
            #expect(message.value(.software).map { [UInt8]($0) } == Array("abc".utf8))
            #expect(message.hasFingerprint && message.isIntact(password: Array("secret".utf8)))
        }
    }

    @Test func unknownAttributesAreSkippedOrNamed() throws {
        let bytes = stun([(0xC057, [1, 2, 3, 4]), (0x0003, [0, 0, 0, 4]), (0x7fff, []), (0x0024, [0, 0, 0, 5])])
        try reading(bytes) { message in
            #expect(message.unknownAttributes == [0x0003, 0x7fff])
            #expect(message.number(.priority, as: UInt32.self) == 5)
        }
        let many = stun((0..<100).map { (UInt16(0x4000 + $0), []) })
        try reading(many) { #expect($0.unknownAttributes.count == STUNLimits.reportedAttributes) }
    }

    /// What follows the integrity is not covered by it.
    @Test func whatAnybodyCouldHaveAppendedDoesNotCount() throws {
        let honest = written(.request) { writer in
            writer.append(.priority, UInt32(1))
            return writer.finish(password: Array("secret".utf8), fingerprint: false)
        }
        var longer = honest + [0x00, 0x25, 0x00, 0x00]
        longer[3] += 4
        try reading(longer) { message in
            #expect(!message.has(.useCandidate) && message.number(.priority, as: UInt32.self) == 1)
            #expect(message.isIntact(password: Array("secret".utf8)))
        }
        // Of two codes the first counts, and of two attributes the first.
        try reading(stun([(0x0024, [0, 0, 0, 1]), (0x0024, [0, 0, 0, 2])])) { #expect($0.number(.priority, as: UInt32.self) == 1) }
    }

    @Test func faultsAreTold() {
        #expect(fault([]) == .notSTUN && fault([UInt8](repeating: 0, count: 19)) == .notSTUN)
        #expect(fault(stun(cookie: [0, 0, 0, 0], [])) == .notSTUN)
        #expect(fault(stun(type: 0x0003, [])) == .unknownMethod, "Allocate")
        #expect(fault(stun([]) + [0, 0, 0, 0]) == .badLength)
        #expect(fault(stun([(0x8022, [UInt8](repeating: 0, count: 1480))])) == .tooLong)
        var beyond = stun([(0x0024, [0, 0, 0, 5])])
        beyond[23] = 5
        #expect(fault(beyond) == .badAttribute)
        #expect(fault(stun([(0x0008, [1, 2, 3])])) == .badAttribute)
        #expect(fault(stun([(0x8028, [1, 2, 3, 4])])) == .badFingerprint)
        var followed = written(.request) { $0.finish() } + [0x80, 0x22, 0, 0]
        followed[3] += 4
        #expect(fault(followed) == .badFingerprint)
        #expect(fault([0xff] + stun([]).dropFirst()) == .notSTUN)
    }
}
