import CausewayIdentity

/// Writes DNS messages, without making names shorter: ours are few.
struct DNSWriter {
    /// What a record has beside its name and its data: the name's end, type, class, lifetime, and the length of the data.
    static let headSize = 11

    private(set) var bytes: [UInt8]
    private var counts: (questions: UInt16, answers: UInt16, additional: UInt16) = (0, 0, 0)

    /// - Parameter isAnswer: with authority, as all answers of multicast DNS are (RFC 6762, section 18.4).
    init(isAnswer: Bool) { bytes = [0, 0, isAnswer ? 0x84 : 0, 0, 0, 0, 0, 0, 0, 0, 0, 0] }

    mutating func ask(_ name: [UInt8], type: UInt16) {
        counts.questions += 1
        append(name, type, DNSMessage.internet)
        setCounts()
    }

    /// - Parameters:
    ///   - isOurs: no other has a record of this name and type, so that what others remember of it is replaced.
    ///   - isAdditional: not asked for. All such records come behind the others.
    mutating func add(_ name: [UInt8], type: UInt16, lifetime: UInt32, isOurs: Bool, isAdditional: Bool = false, _ data: [UInt8]) {
        if isAdditional { counts.additional += 1 } else { counts.answers += 1 }
        append(name, type, isOurs ? DNSMessage.internet | DNSMessage.flag : DNSMessage.internet)
        bytes.append(number: lifetime)
        bytes.append(number: UInt16(data.count))
        bytes += data
        setCounts()
    }

    private mutating func append(_ name: [UInt8], _ type: UInt16, _ kind: UInt16) {
        bytes += name
        bytes.append(0)
        bytes.append(number: type)
        bytes.append(number: kind)
    }

    private mutating func setCounts() {
        var all: [UInt8] = []
        for count in [counts.questions, counts.answers, 0, counts.additional] { all.append(number: count) }
        bytes.replaceSubrange(4..<12, with: all)
    }
}
