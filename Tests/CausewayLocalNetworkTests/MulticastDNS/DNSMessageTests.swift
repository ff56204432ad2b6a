import CausewayIdentity
import CausewayNode
import Testing

@testable import CausewayLocalNetwork

private func read(_ bytes: [UInt8]) throws(DNSReader.Fault) -> DNSMessage {
    try DNSMessage(bytes, limits: MulticastDiscoveryLimits())
}

private func fault(_ bytes: [UInt8]) -> DNSReader.Fault? {
    do throws(DNSReader.Fault) {
        _ = try read(bytes)
        return nil
    } catch {
        return error
    }
}

/// A header with the numbers of questions and of answers.
private func head(questions: UInt8 = 0, answers: UInt8 = 0, flags: UInt8 = 0x84) -> [UInt8] {
    [0, 0, flags, 0, 0, questions, 0, answers, 0, 0, 0, 0]
}

@Suite("DNS messages") struct DNSMessageTests {
    /// The specification's question (discovery/mdns.md), as it lies on the wire.
    @Test func theQuestionIsAsTheSpecificationHasIt() throws {
        let wire =
            head(questions: 1, flags: 0) + [4] + Array("_p2p".utf8) + [4] + Array("_udp".utf8) + [5] + Array("local".utf8) + [
                0, 0, 12, 0, 1,
            ]
        var writer = DNSWriter(isAnswer: false)
        writer.ask(DNSName.service, type: DNSMessage.RecordType.pointer)
        #expect(writer.bytes == wire)
        let message = try read(wire)
        #expect(!message.isAnswer && message.questions == [.init(name: DNSName.service, type: 12)])
    }

    @Test func caseDoesNotMatter() throws {
        let wire =
            head(questions: 1, flags: 0) + [4] + Array("_P2p".utf8) + [4] + Array("_UDP".utf8) + [5] + Array("LOCAL".utf8) + [
                0, 0, 12, 0x80, 1,
            ]
        #expect(try read(wire).questions.map(\.name) == [DNSName.service])
    }

    @Test func namesAreFollowedToWhereTheyLie() throws {
        // "a._p2p._udp.local" as a pointer to "_p2p._udp.local" at 12, in an answer whose data is such a name.
        var wire = head(answers: 1) + DNSName.service + [0, 0, 12, 0, 1, 0, 0, 0, 120, 0, 4]
        wire += [1, 0x61, 0xc0, 12]
        #expect(try read(wire).pointers == [.init(instance: [1, 0x61] + DNSName.service, lifetime: 120)])
    }

    @Test func namesThatGoRoundAreRefused() {
        let rest: [UInt8] = [0, 12, 0, 1]
        // Itself, a later place, two that name each other, a label before a pointer to it.
        #expect(fault(head(questions: 1) + [0xc0, 12] + rest) == .badPointer)
        #expect(fault(head(questions: 1) + [0xc0, 14] + rest + [0]) == .badPointer)
        #expect(fault(head(questions: 2) + [0xc0, 18] + rest + [0xc0, 12] + rest) == .badPointer)
        #expect(fault(head(questions: 1) + [1, 0x61, 0xc0, 12] + rest) == .badPointer)
    }

    @Test func namesThatJumpTooOftenAreRefused() {
        // A chain of pointers, each to the one before.
        var wire = head(questions: 20) + [0] + [0, 12, 0, 1]
        var last = 12
        for _ in 0..<19 {
            let here = wire.count
            wire += [0xc0, UInt8(last), 0, 12, 0, 1]
            last = here
        }
        #expect(fault(wire) == .badPointer)
        #expect(DNSName.mostJumps < 19)
    }

    @Test func longNamesAreRefused() {
        let label: [UInt8] = [63] + [UInt8](repeating: 0x61, count: 63)
        #expect(DNSName.longestLabel == 63 && DNSName.longest == 255)
        #expect(fault(head(questions: 1) + label + label + label + [0, 0, 12, 0, 1]) == nil)
        #expect(fault(head(questions: 1) + label + label + label + label + [0, 0, 12, 0, 1]) == .longName)
        // The same by pointers: a name of 128 bytes, and two more parts before it.
        let first = label + label + [0, 0, 12, 0, 1]
        #expect(fault(head(questions: 2) + first + label + label + [0xc0, 12] + [0, 12, 0, 1]) == .longName)
        // Lengths of 64 and more mean something else.
        #expect(fault(head(questions: 1) + [64] + [UInt8](repeating: 0x61, count: 64) + [0, 0, 12, 0, 1]) == .longName)
    }

    @Test func everyShorterMessageIsRefused() throws {
        var writer = DNSWriter(isAnswer: true)
        let instance = DNSName.child(Array("abc".utf8), of: DNSName.service)
        writer.add(DNSName.service, type: 12, lifetime: 120, isOurs: false, instance + [0])
        writer.add(instance, type: 16, lifetime: 120, isOurs: true, [3, 0x61, 0x62, 0x63, 0])
        let message = try read(writer.bytes)
        #expect(message.pointers == [.init(instance: instance, lifetime: 120)])
        #expect(message.texts == [.init(owner: instance, lifetime: 120, strings: [[0x61, 0x62, 0x63], []])])
        for length in 0..<writer.bytes.count { #expect(fault(Array(writer.bytes.prefix(length))) == .short, "\(length)") }
    }

    @Test func stringsStayInTheirRecord() {
        let instance = DNSName.child(Array("abc".utf8), of: DNSName.service)
        var writer = DNSWriter(isAnswer: true)
        writer.add(instance, type: 16, lifetime: 120, isOurs: true, [4, 0x61, 0x62, 0x63])
        #expect(fault(writer.bytes + [0x64]) == .short)
    }

    @Test func manyRecordsAreRefusedBeforeAnyIsRead() {
        let limit = MulticastDiscoveryLimits().records
        #expect(fault([0, 0, 0x84, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]) == .tooManyRecords(limit: limit))
        let records = (0...limit).flatMap { _ in [0, 0, 1, 0, 1, 0, 0, 0, 1, 0, 0] as [UInt8] }
        #expect(fault(head(answers: UInt8(limit + 1)) + records) == .tooManyRecords(limit: limit))
        #expect(fault(head(answers: UInt8(limit)) + records.dropLast(11)) == nil)
    }

    @Test(arguments: 0..<500 as Range<UInt64>) func bytesAtRandomAreReadOrRefused(seed: UInt64) {
        var random = RandomSource(seed: seed)
        var bytes = random.bytes(12 + random.below(300))
        // Mostly few records, or none would ever be read.
        for index in stride(from: 4, to: 12, by: 2) { (bytes[index], bytes[index + 1]) = (0, UInt8(random.below(4))) }
        for _ in 0..<random.below(8) { bytes[random.below(bytes.count)] = 0xc0 }
        if let message = try? read(bytes) {
            #expect(message.questions.allSatisfy { $0.name.count < DNSName.longest })
            #expect(message.questions.count + message.pointers.count + message.texts.count <= 12)
        }
    }
}
