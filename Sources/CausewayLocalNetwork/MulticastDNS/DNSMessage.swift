/// What a DNS message says about libp2p's service: of all else it has nothing.
struct DNSMessage: Equatable {
    enum RecordType {
        static let a: UInt16 = 1
        static let pointer: UInt16 = 12
        static let text: UInt16 = 16
        static let aaaa: UInt16 = 28
        static let server: UInt16 = 33
        static let any: UInt16 = 255
    }
    /// The class of the Internet. The highest bit says that an answer by unicast will do, or that a record takes the place of others
    /// (RFC 6762, sections 5.4 and 10.2).
    static let internet: UInt16 = 1
    static let flag: UInt16 = 0x8000

    struct Question: Equatable {
        let name: [UInt8]
        let type: UInt16
    }
    /// A peer's name in answer to a question for the service.
    struct Pointer: Equatable {
        let instance: [UInt8]
        let lifetime: UInt32
    }
    /// A peer's addresses.
    struct Text: Equatable {
        let owner: [UInt8]
        let lifetime: UInt32
        let strings: [[UInt8]]
    }

    let isAnswer: Bool
    private(set) var questions: [Question] = []
    private(set) var pointers: [Pointer] = []
    private(set) var texts: [Text] = []

    /// - Throws: If any part of the message cannot be read, even one that does not matter.
    init(_ bytes: [UInt8], limits: MulticastDiscoveryLimits) throws(DNSReader.Fault) {
        var reader = DNSReader(bytes)
        _ = try reader.number(as: UInt16.self)
        let flags: UInt16 = try reader.number()
        isAnswer = flags & 0x8000 != 0
        let questionCount = Int(try reader.number(as: UInt16.self))
        var recordCount = 0
        for _ in 0..<3 { recordCount += Int(try reader.number(as: UInt16.self)) }
        guard questionCount + recordCount <= limits.records else { throw .tooManyRecords(limit: limits.records) }
        for _ in 0..<questionCount {
            let question = Question(name: try reader.name(), type: try reader.number())
            if try reader.number(as: UInt16.self) & ~Self.flag == Self.internet { questions.append(question) }
        }
        for _ in 0..<recordCount { try readRecord(&reader) }
    }

    private mutating func readRecord(_ reader: inout DNSReader) throws(DNSReader.Fault) {
        let owner = try reader.name()
        let type: UInt16 = try reader.number()
        let isInternet = try reader.number(as: UInt16.self) & ~Self.flag == Self.internet
        let lifetime: UInt32 = try reader.number()
        let data = try reader.take(Int(try reader.number(as: UInt16.self)))
        guard isInternet else { return }
        switch type {
        case RecordType.pointer where owner == DNSName.service:
            let (instance, end) = try DNSReader.name(in: reader.bytes, at: data.lowerBound)
            guard end == data.upperBound else { throw .short }
            pointers.append(Pointer(instance: instance, lifetime: lifetime))
        case RecordType.text where DNSName.isChild(owner, of: DNSName.service):
            texts.append(Text(owner: owner, lifetime: lifetime, strings: try Self.strings(in: reader.bytes, data)))
        default: break
        }
    }

    /// Strings, each behind its length.
    private static func strings(in bytes: [UInt8], _ range: Range<Int>) throws(DNSReader.Fault) -> [[UInt8]] {
        var strings: [[UInt8]] = []
        var index = range.lowerBound
        while index < range.upperBound {
            let end = index + 1 + Int(bytes[index])
            guard end <= range.upperBound else { throw .short }
            strings.append(Array(bytes[index + 1..<end]))
            index = end
        }
        return strings
    }
}
