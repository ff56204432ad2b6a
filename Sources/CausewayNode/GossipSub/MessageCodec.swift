import CausewayIdentity

/// Where the fields of one Message (pubsub/README.md, "The Message") lie in the bytes of its RPC. An absent field has no range.
struct MessageFields {
    var from: Range<Int>?
    var data: Range<Int>?
    var sequence: Range<Int>?
    var topic: Range<Int>?
    var signature: Range<Int>?
    var key: Range<Int>?

    init(_ message: ProtobufReader) throws(ProtobufError) {
        var reader = message
        while let field = try reader.next() {
            guard field.number <= 6 else { continue }
            guard field.wireType == 2 else { throw .unexpectedWireType(field: field.number) }
            switch field.number {
            case 1: from = field.range
            case 2: data = field.range
            case 3: sequence = field.range
            case 4: topic = field.range
            case 5: signature = field.range
            default: key = field.range
            }
        }
    }
}

enum MessageCodec {
    /// What a signature covers begins with this (pubsub/README.md, "Message Signing").
    static let domain = [UInt8](utf8: "libp2p-pubsub:")

    /// The bytes that are signed, of a message that arrived: domain, and the fields but signature and key in the order of their numbers.
    /// What else a sender may have put into it is left out, here and in what goes on to others.
    static func signedBytes(_ fields: MessageFields, in bytes: [UInt8]) -> [UInt8] {
        var out = domain
        out.reserveCapacity(domain.count + 32 + size(fields.from) + size(fields.data) + size(fields.sequence) + size(fields.topic))
        append(1, fields.from, of: bytes, to: &out)
        append(2, fields.data, of: bytes, to: &out)
        append(3, fields.sequence, of: bytes, to: &out)
        append(4, fields.topic, of: bytes, to: &out)
        return out
    }

    /// The same of a message of our own. Without author (unsigned mesh) `from` and `sequence` are empty.
    static func signedBytes(from: [UInt8], data: [UInt8], sequence: [UInt8], topic: [UInt8]) -> [UInt8] {
        var message = ProtobufWriter()
        if !from.isEmpty { message.content(1, from) }
        message.content(2, data)
        if !sequence.isEmpty { message.content(3, sequence) }
        message.content(4, topic)
        return domain + message.bytes
    }

    /// The frame of an RPC that holds just this message.
    static func frame(signed: [UInt8], signature: [UInt8], key: [UInt8]) -> [UInt8] {
        var length = signed.count - domain.count
        for field in [signature, key] where !field.isEmpty { length += 1 + Varint.length(of: UInt64(field.count)) + field.count }
        let rpcLength = 1 + Varint.length(of: UInt64(length)) + length
        var out: [UInt8] = []
        out.reserveCapacity(rpcLength + 10)
        Varint.append(UInt64(rpcLength), to: &out)
        out.append(0x12)
        Varint.append(UInt64(length), to: &out)
        out.append(contentsOf: signed[domain.count...])
        if !signature.isEmpty { append(5, signature.indices, of: signature, to: &out) }
        if !key.isEmpty { append(6, key.indices, of: key, to: &out) }
        return out
    }

    static func copy(_ range: Range<Int>?, of bytes: [UInt8]) -> [UInt8] {
        guard let range else { return [] }
        return bytes.withUnsafeBytes { [UInt8](copying: UnsafeRawBufferPointer(rebasing: $0[range])) }
    }

    private static func size(_ range: Range<Int>?) -> Int { range?.count ?? 0 }

    private static func append(_ number: UInt8, _ range: Range<Int>?, of bytes: [UInt8], to out: inout [UInt8]) {
        guard let range else { return }
        out.append(number << 3 | 2)
        Varint.append(UInt64(range.count), to: &out)
        out.append(contentsOf: bytes[range])
    }
}
