import CausewayIdentity

/// Cuts a stream into messages, each preceded by its length as a varint, however the bytes arrive. Anything wrong ends it: from then on
/// there are no messages, and `fault` says why.
struct MessageInbox {
    /// Why the stream cannot be followed any further.
    enum Fault: UInt8 { case tooLong, malformed }

    private(set) var fault: Fault?
    private var bytes: [UInt8] = []
    private var position = 0
    /// How many of the coming bytes are skipped.
    private var passedOver = 0

    /// The number of bytes held. When `next` has returned everything, they are less than one message and its length.
    var count: Int { bytes.count - position }

    mutating func add(_ chunk: [UInt8]) {
        guard passedOver == 0 else {
            let here = min(passedOver, chunk.count)
            passedOver -= here
            return bytes.append(contentsOf: [UInt8](copying: chunk, here..<chunk.count))
        }
        if bytes.isEmpty { bytes = chunk } else { bytes.append(contentsOf: chunk) }
    }

    /// The next message, in place. nil: the rest of it has not arrived. A message over `limit` is skipped; one that is over `longest`, too,
    /// is a fault as soon as its length is known.
    mutating func next(limit: Int, passingOver longest: Int = 0) -> ProtobufReader? {
        if let message = whole(limit: limit, max(limit, longest)) { return message }
        if position > 0 {
            bytes = [UInt8](copying: bytes, position..<bytes.count)
            position = 0
        }
        return nil
    }

    private mutating func whole(limit: Int, _ longest: Int) -> ProtobufReader? {
        guard fault == nil else { return nil }
        var length = 0
        var start = position
        // A length of more than four bytes is above any limit.
        var shift = 0
        while shift < 28 {
            guard start < bytes.count else { return nil }
            let byte = bytes[start]
            start += 1
            length |= Int(byte & 0x7f) << shift
            shift += 7
            guard length <= longest else { break }
            guard byte < 0x80 else { continue }
            guard byte > 0 || shift == 7 else {
                fault = .malformed
                return nil
            }
            guard length <= limit else {
                let here = min(length, bytes.count - start)
                passedOver = length - here
                position = start + here
                return whole(limit: limit, longest)
            }
            guard bytes.count - start >= length else { return nil }
            position = start + length
            return ProtobufReader(bytes, range: start..<position)
        }
        fault = .tooLong
        return nil
    }
}
