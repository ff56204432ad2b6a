/// Finds the end of an HTTP/1.1 head while its bytes arrive. It reads each byte once, however small the pieces are.
struct HTTPHeadScanner: Sendable {
    /// Bound: lines of a head. Chromium sends 12 to 20, proxies add a few.
    static let maximumLines = 100

    private let limit: Int
    private var scanned = 0
    private var lineStart = 0
    private var lines = 0
    private var afterReturn = false

    init(limit: Int) { self.limit = limit }

    /// The length of the head including its empty line. nil: it is not complete. At each call, `bytes` starts with the head's first byte.
    mutating func end(in bytes: UnsafeRawBufferPointer) throws(WebSocketFault) -> Int? {
        let end = min(bytes.count, limit)
        while scanned < end {
            let byte = bytes[scanned]
            scanned += 1
            guard byte == 0x0a else {
                if afterReturn { throw .bareLineEnd }
                afterReturn = byte == 0x0d
                if !afterReturn && (byte < 0x20 && byte != 0x09 || byte == 0x7f) { throw .malformedHead }
                continue
            }
            guard afterReturn else { throw .bareLineEnd }
            afterReturn = false
            if scanned - lineStart == 2 {
                if lines == 0 { throw .malformedHead }
                return scanned
            }
            lineStart = scanned
            lines += 1
            if lines > Self.maximumLines { throw .tooManyHeaders }
        }
        if bytes.count >= limit { throw .headTooLarge }
        return nil
    }
}

/// The lines of a complete head that `HTTPHeadScanner` accepted. It borrows the bytes.
struct HTTPHead {
    /// Without the empty line.
    private let bytes: UnsafeRawBufferPointer

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// The request or status line.
    var firstLine: UnsafeRawBufferPointer { line(at: 0) }

    /// Calls `body` for each field, in order. Refuses folded lines and spaces before the colon (RFC 9112 sections 5.1 and 5.2).
    func forEachField(_ body: (_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Void) throws(WebSocketFault) {
        var start = firstLine.count + 2
        while start + 2 < bytes.count {
            let text = line(at: start)
            start += text.count + 2
            var colon = 0
            while colon < text.count && Self.isToken(text[colon]) { colon += 1 }
            guard colon > 0, colon < text.count, text[colon] == 0x3a else { throw .malformedHead }
            body(text.slice(0, colon), text.slice(colon + 1, text.count).trimmed)
        }
    }

    private func line(at start: Int) -> UnsafeRawBufferPointer {
        var end = start
        while end < bytes.count && bytes[end] != 0x0d { end += 1 }
        return bytes.slice(start, end)
    }

    /// RFC 9110 section 5.6.2.
    static func isToken(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5a, 0x5e...0x7a, 0x7c, 0x7e: true
        case 0x21, 0x23...0x27, 0x2a, 0x2b, 0x2d, 0x2e: true
        default: false
        }
    }
}

extension UnsafeRawBufferPointer {
    func slice(_ start: Int, _ end: Int) -> UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: self[start..<end]) }

    /// Without the spaces and tabs around it.
    var trimmed: UnsafeRawBufferPointer {
        var (start, end) = (0, count)
        while start < end && (self[start] == 0x20 || self[start] == 0x09) { start += 1 }
        while start < end && (self[end - 1] == 0x20 || self[end - 1] == 0x09) { end -= 1 }
        return slice(start, end)
    }

    func starts(with literal: StaticString) -> Bool {
        guard count >= literal.utf8CodeUnitCount else { return false }
        for index in 0..<literal.utf8CodeUnitCount where self[index] != literal.utf8Start[index] { return false }
        return true
    }

    /// Whether the bytes could still become something that starts with `literal`.
    func mayStart(with literal: StaticString) -> Bool {
        for index in 0..<Swift.min(count, literal.utf8CodeUnitCount) where self[index] != literal.utf8Start[index] { return false }
        return true
    }

    /// Whether the bytes equal a literal in small letters, in ASCII without regard to case.
    func equals(_ small: StaticString) -> Bool {
        guard count == small.utf8CodeUnitCount else { return false }
        for index in 0..<count {
            let byte = self[index]
            let folded = byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte
            if folded != small.utf8Start[index] { return false }
        }
        return true
    }

    /// Whether a comma-separated list contains this element.
    func lists(_ small: StaticString) -> Bool {
        var start = 0
        for index in 0...count where index == count || self[index] == 0x2c {
            if slice(start, index).trimmed.equals(small) { return true }
            start = index + 1
        }
        return false
    }
}
