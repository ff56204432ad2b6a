import CausewayIdentity

/// One Message (pubsub/README.md, "The Message") where it lies: the places of its fields in the bytes of its RPC.
struct MessageFields {
    static let from = 1
    static let data = 2
    static let sequence = 3
    static let topic = 4
    static let signature = 5
    static let key = 6

    private let bytes: [UInt8]
    /// By field number. An absent field is at 0, where no field can be.
    private var ranges = InlineArray<7, Range<Int>>(repeating: 0..<0)
    /// The length of all contents together.
    private(set) var size = 0
    /// Whether there are fields that the specification does not know.
    private(set) var hasOthers = false

    init(_ message: inout ProtobufReader) {
        bytes = message.bytes
        while message.advance() {
            guard message.number <= 6 else {
                hasOthers = true
                continue
            }
            ranges[Int(message.number)] = message.range()
            size += message.count
        }
    }

    subscript(field: Int) -> Range<Int> { ranges[field] }

    func has(_ field: Int) -> Bool { ranges[field].lowerBound > 0 }

    func content(_ field: Int) -> [UInt8] { [UInt8](copying: bytes, ranges[field]) }

    /// The contents of two fields, one behind the other.
    func contents(_ first: Int, _ second: Int) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(ranges[first].count + ranges[second].count)
        out.append(copying: bytes, ranges[first])
        out.append(copying: bytes, ranges[second])
        return out
    }

    /// Appends a field that is there, with its number and length.
    func append(_ field: Int, to out: inout [UInt8]) { MessageCodec.append(field, ranges[field], of: bytes, to: &out) }
}

enum MessageCodec {
    /// The prefix of the bytes that a signature covers (pubsub/README.md, "Message Signing").
    static let domain = [UInt8](utf8: "libp2p-pubsub:")

    /// The bytes that are signed, for a message that arrived: the domain, and the fields except signature and key in the order of their
    /// numbers. Anything else that a sender may have added is left out, here and when the message is forwarded.
    static func signedBytes(_ fields: MessageFields) -> [UInt8] {
        var out = domain
        out.reserveCapacity(domain.count + 32 + fields.size)
        for field in MessageFields.from...MessageFields.topic where fields.has(field) { fields.append(field, to: &out) }
        return out
    }

    /// The bytes that are signed, for a message of our own. Without an author (unsigned mesh), `from` and `sequence` are empty.
    static func signedBytes(from: [UInt8], data: [UInt8], sequence: [UInt8], topic: [UInt8]) -> [UInt8] {
        var message = ProtobufWriter(behind: domain)
        if !from.isEmpty { message.content(1, from) }
        message.content(2, data)
        if !sequence.isEmpty { message.content(3, sequence) }
        message.content(4, topic)
        return message.bytes
    }

    /// The frame of an RPC that contains only this message.
    static func frame(signed: [UInt8], signature: [UInt8], key: [UInt8]) -> [UInt8] {
        let length = signed.count - domain.count + size(signature) + size(key)
        let rpcLength = 1 + Varint.length(of: UInt64(length)) + length
        var out: [UInt8] = []
        out.reserveCapacity(rpcLength + 10)
        Varint.append(UInt64(rpcLength), to: &out)
        out.append(0x12)
        Varint.append(UInt64(length), to: &out)
        out.append(copying: signed, domain.count..<signed.count)
        if !signature.isEmpty { append(MessageFields.signature, signature.indices, of: signature, to: &out) }
        if !key.isEmpty { append(MessageFields.key, key.indices, of: key, to: &out) }
        return out
    }

    #if !hasFeature(Embedded)
        /// The data of the message in a frame that `frame` made.
        static func data(in frame: [UInt8]) -> [UInt8] {
            var inbox = MessageInbox()
            inbox.add(frame)
            guard var rpc = inbox.next(limit: frame.count), rpc.advance() else { return [] }
            _ = rpc.enter()
            return MessageFields(&rpc).content(MessageFields.data)
        }
    #endif

    /// The encoded size of a field that is left out if it is empty.
    private static func size(_ content: [UInt8]) -> Int {
        content.isEmpty ? 0 : 1 + Varint.length(of: UInt64(content.count)) + content.count
    }

    static func append(_ number: Int, _ range: Range<Int>, of bytes: [UInt8], to out: inout [UInt8]) {
        out.append(UInt8(number << 3 | 2))
        Varint.append(UInt64(range.count), to: &out)
        out.append(copying: bytes, range)
    }
}
