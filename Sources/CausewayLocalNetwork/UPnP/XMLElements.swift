/// The elements of an XML text in the order of their ends, as far as a gateway's answers need it: without namespaces, attributes and
/// declarations of entities. What is no XML has few elements or none, and never costs more than its length.
struct XMLElements: Sequence, IteratorProtocol {
    struct Element: Equatable {
        /// Without its prefix.
        let name: String
        /// Without spaces around it. nil: there are elements in it.
        let text: [UInt8]?
    }

    private let bytes: [UInt8]
    private var index = 0
    /// The element that has begun last, if none has ended since.
    private var open: [UInt8]?
    private var text: [UInt8] = []

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func next() -> Element? {
        while index < bytes.count {
            if bytes[index] != UInt8(ascii: "<") {
                readText()
            } else if has("<!--") {
                guard skip(past: "-->") else { return nil }
            } else if has("<![CDATA[") {
                let start = index + 9
                guard skip(past: "]]>") else { return nil }
                if open != nil, start <= index - 3 { text += bytes[start..<index - 3] }
            } else if has("<?") || has("<!") {
                guard skip(past: ">") else { return nil }
            } else if let element = readTag() {
                return element
            }
        }
        return nil
    }

    /// Without spaces and ends of lines before and behind.
    static func trimmed(_ bytes: [UInt8]) -> ArraySlice<UInt8> {
        let start = bytes.firstIndex { $0 > 0x20 } ?? bytes.endIndex
        let end = bytes.lastIndex { $0 > 0x20 } ?? start - 1
        return bytes[start..<Swift.max(start, end + 1)]
    }

    private func has(_ mark: StaticString) -> Bool {
        let mark = UnsafeBufferPointer(start: mark.utf8Start, count: mark.utf8CodeUnitCount)
        return bytes.count - index >= mark.count && bytes[index..<index + mark.count].elementsEqual(mark)
    }

    private mutating func skip(past mark: StaticString) -> Bool {
        while index < bytes.count {
            if has(mark) {
                index += mark.utf8CodeUnitCount
                return true
            }
            index += 1
        }
        return false
    }

    private mutating func readText() {
        let end = bytes[index...].firstIndex(of: UInt8(ascii: "<")) ?? bytes.endIndex
        if open != nil { text += Self.decoded(bytes[index..<end]) }
        index = end
    }

    /// A tag, whose `>` may not lie within quotes. Returns an element that has ended.
    private mutating func readTag() -> Element? {
        let start = index + 1
        var quote: UInt8?
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            if let open = quote {
                if byte == open { quote = nil }
            } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
                quote = byte
            } else if byte == UInt8(ascii: ">") {
                return tag(bytes[start..<index - 1])
            }
        }
        return nil
    }

    private mutating func tag(_ inside: ArraySlice<UInt8>) -> Element? {
        let isEnd = inside.first == UInt8(ascii: "/")
        let whole = (isEnd ? inside.dropFirst() : inside).prefix { $0 > 0x20 && $0 != UInt8(ascii: "/") }
        let name = Array(whole.lastIndex(of: UInt8(ascii: ":")).map { whole[($0 + 1)...] } ?? whole)
        if isEnd {
            defer { open = nil }
            return Element(name: String(decoding: name, as: UTF8.self), text: open == name ? Array(Self.trimmed(text)) : nil)
        }
        open = nil
        if inside.last == UInt8(ascii: "/") { return Element(name: String(decoding: name, as: UTF8.self), text: []) }
        open = name
        text = []
        return nil
    }

    private static let entities: [(name: [UInt8], byte: UInt8)] = [
        (Array("amp;".utf8), 0x26), (Array("lt;".utf8), 0x3c), (Array("gt;".utf8), 0x3e), (Array("quot;".utf8), 0x22),
        (Array("apos;".utf8), 0x27),
    ]

    private static func decoded(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        guard bytes.contains(UInt8(ascii: "&")) else { return Array(bytes) }
        var out: [UInt8] = []
        var index = bytes.startIndex
        while index < bytes.endIndex {
            let byte = bytes[index]
            index += 1
            if byte == UInt8(ascii: "&"), let entity = entities.first(where: { bytes[index...].starts(with: $0.name) }) {
                out.append(entity.byte)
                index += entity.name.count
            } else {
                out.append(byte)
            }
        }
        return out
    }
}
