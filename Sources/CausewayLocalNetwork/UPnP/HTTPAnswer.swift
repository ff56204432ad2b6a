import CausewayNode

/// The answer to one request by HTTP/1.1, as its bytes come, within bounds. The server closes the connection behind it, or says how long
/// the answer is.
struct HTTPAnswer {
    private enum Length { case exactly(Int), chunks, untilTheEnd }

    private let headSize: Int
    private let bodySize: Int
    private var bytes: [UInt8] = []
    /// How much of `bytes` has no end of the head in it, nor of the chunks, so that nothing is looked at again with each byte that comes.
    private var looked = 0
    private var length: Length?
    private var head: HTTPHeadFields?
    private var body: [UInt8] = []

    init(head: Int, body: Int) {
        headSize = head
        bodySize = body
    }

    /// What has come. nil: more is needed.
    mutating func receive(_ piece: [UInt8]) throws(UPnPFault) -> (status: Int, body: [UInt8])? {
        bytes += piece
        if head == nil { try readHead() }
        guard let head, let length else { return nil }
        switch length {
        case .exactly(let size):
            guard bytes.count >= size else { return nil }
            return (head.status, Array(bytes.prefix(size)))
        case .chunks: return try readChunks() ? (head.status, body) : nil
        case .untilTheEnd:
            guard bytes.count <= bodySize else { throw .tooLong(limit: bodySize) }
            return nil
        }
    }

    /// The connection has ended. nil: the answer is not whole.
    func ended() -> (status: Int, body: [UInt8])? {
        guard let head, case .untilTheEnd? = length else { return nil }
        return (head.status, bytes)
    }

    private mutating func readHead() throws(UPnPFault) {
        guard let end = find(HTTPHeadFields.end) else {
            guard bytes.count <= headSize else { throw .tooLong(limit: headSize) }
            return
        }
        guard end <= headSize else { throw .tooLong(limit: headSize) }
        guard let head = HTTPHeadFields(bytes[..<end]) else { throw .malformed }
        bytes.removeFirst(end + HTTPHeadFields.end.count)
        looked = 0
        self.head = head
        if let coding = head["transfer-encoding"] {
            guard coding.lowercased() == "chunked" else { throw .malformed }
            length = .chunks
        } else if let text = head["content-length"] {
            guard let size = UInt64(text) else { throw .malformed }
            guard size <= UInt64(bodySize) else { throw .tooLong(limit: bodySize) }
            length = .exactly(Int(size))
        } else {
            length = .untilTheEnd
        }
    }

    /// Moves whole chunks to the body. Returns true after the last one.
    private mutating func readChunks() throws(UPnPFault) -> Bool {
        var start = 0
        defer {
            bytes.removeFirst(start)
            looked -= start
        }
        while let line = find([13, 10]) {
            let digits = bytes[start..<line].prefix { $0 != UInt8(ascii: ";") && $0 != UInt8(ascii: " ") }
            guard let size = UInt32(String(decoding: digits, as: UTF8.self), radix: 16) else { throw .malformed }
            if size == 0 { return true }
            guard UInt64(size) + UInt64(body.count) <= UInt64(bodySize) else { throw .tooLong(limit: bodySize) }
            let end = line + 2 + Int(size)
            guard bytes.count >= end + 2 else { return false }
            body += bytes[line + 2..<end]
            start = end + 2
            looked = start
        }
        // The line with a chunk's size.
        guard bytes.count - start <= headSize else { throw .tooLong(limit: headSize) }
        return false
    }

    private mutating func find(_ mark: [UInt8]) -> Int? {
        while bytes.count - looked >= mark.count {
            if bytes[looked..<looked + mark.count].elementsEqual(mark) { return looked }
            looked += 1
        }
        return nil
    }
}
