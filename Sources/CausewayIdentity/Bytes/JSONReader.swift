/// Why bytes are not JSON that we accept, and where.
public struct JSONError: Error, Equatable {
    /// What is wrong at that place.
    public enum Reason: Equatable, Sendable {
        /// The text ends inside a value.
        case truncated
        /// A byte that is not allowed here, or anything behind the value.
        case unexpectedByte
        /// Leading zeros, no digits, or out of the range of a double.
        case badNumber
        /// Control characters, unknown escapes, lone surrogates, or invalid UTF-8.
        case badString
        /// A name that the object already has.
        case duplicateName
        case tooLong(limit: Int)
        case tooDeep(limit: Int)
        case tooManyValues(limit: Int)
    }
    public let reason: Reason
    /// The offset in bytes from the start of the text.
    public let offset: Int

    public init(reason: Reason, offset: Int) {
        self.reason = reason
        self.offset = offset
    }
}

/// Bounds on what reading a text may cost.
public struct JSONLimits: Sendable {
    public var bytes: Int
    /// How deeply arrays and objects may be nested.
    public var depth: Int
    /// Values and members in total: each costs some 50 bytes of memory for as little as 2 bytes of text.
    public var values: Int

    public init(bytes: Int = 1 << 20, depth: Int = 32, values: Int = 65_536) {
        self.bytes = bytes
        self.depth = depth
        self.values = values
    }
}

/// Reads a JSON text token by token without building values, so that a caller that needs few members can skip the rest.
///
/// The text must be exactly one value with white space around it: no comments, no trailing commas, no byte order mark, no duplicate names.
public struct JSONReader: ~Copyable {
    /// The kinds of tokens. An array or object ends with `end`. After each `name` comes its value.
    public enum Token: UInt8, Sendable { case object, array, end, name, string, number, `true`, `false`, null }

    /// An array or object that has not ended.
    private final class Level {
        let bracket: UInt8
        var names = BytesSet()
        init(endsWith bracket: UInt8) { self.bracket = bracket }
    }

    private enum Place { case start, value, behindValue }

    private let bytes: [UInt8]
    private let limits: JSONLimits
    private var levels: [Level] = []
    private var values = 0
    private var place = Place.value
    private var start = 0
    /// How many bytes have been read.
    public private(set) var offset = 0
    /// The last name or string, with its escapes resolved.
    public private(set) var text: [UInt8] = []

    public init(_ bytes: [UInt8], limits: JSONLimits = JSONLimits()) throws(JSONError) {
        guard bytes.count <= limits.bytes else { throw JSONError(reason: .tooLong(limit: limits.bytes), offset: limits.bytes) }
        self.bytes = bytes
        self.limits = limits
    }

    /// How many arrays and objects contain the next token.
    public var depth: Int { levels.count }

    /// Whether the next token is an array's element.
    public var isInArray: Bool { levels.last?.bracket == UInt8(ascii: "]") }

    /// The last token as written in the text.
    public var written: ArraySlice<UInt8> { bytes[start..<offset] }

    /// The next token. nil: the text has ended.
    public mutating func next() throws(JSONError) -> Token? {
        skipSpace()
        let level = levels.last
        if place == .behindValue, level == nil {
            guard offset == bytes.count else { throw failure(.unexpectedByte) }
            return nil
        }
        if let level {
            if place != .value, passes(level.bracket) {
                levels.removeLast()
                place = .behindValue
                return .end
            }
            if place == .behindValue { try pass(UInt8(ascii: ",")) }
            if level.bracket == UInt8(ascii: "}"), place != .value {
                try name(in: level)
                return .name
            }
        }
        skipSpace()
        return try value()
    }

    func failure(_ reason: JSONError.Reason) -> JSONError { JSONError(reason: reason, offset: offset) }

    private mutating func name(in level: Level) throws(JSONError) {
        skipSpace()
        try string()
        guard level.names.insert(text) else { throw failure(.duplicateName) }
        skipSpace()
        try pass(UInt8(ascii: ":"))
        place = .value
    }

    private mutating func value() throws(JSONError) -> Token {
        values += 1
        guard values <= limits.values else { throw failure(.tooManyValues(limit: limits.values)) }
        start = offset
        place = .behindValue
        switch try byte() {
        case UInt8(ascii: "{"): return try open(.object, endsWith: UInt8(ascii: "}"))
        case UInt8(ascii: "["): return try open(.array, endsWith: UInt8(ascii: "]"))
        case UInt8(ascii: "\""):
            try string()
            return .string
        case UInt8(ascii: "t"): return try word("true", .true)
        case UInt8(ascii: "f"): return try word("false", .false)
        case UInt8(ascii: "n"): return try word("null", .null)
        default:
            try number()
            return .number
        }
    }

    private mutating func open(_ token: Token, endsWith bracket: UInt8) throws(JSONError) -> Token {
        guard levels.count < limits.depth else { throw failure(.tooDeep(limit: limits.depth)) }
        offset += 1
        levels.append(Level(endsWith: bracket))
        place = .start
        return token
    }

    private mutating func word(_ word: StaticString, _ token: Token) throws(JSONError) -> Token {
        for index in 0..<word.utf8CodeUnitCount { try pass(word.utf8Start[index]) }
        return token
    }

    private mutating func skipSpace() {
        while offset < bytes.count {
            switch bytes[offset] {
            case 0x20, 0x0a, 0x0d, 0x09: offset += 1
            default: return
            }
        }
    }

    /// The next byte, without reading past it.
    private func byte() throws(JSONError) -> UInt8 {
        guard offset < bytes.count else { throw failure(.truncated) }
        return bytes[offset]
    }

    private mutating func passes(_ byte: UInt8) -> Bool {
        guard offset < bytes.count, bytes[offset] == byte else { return false }
        offset += 1
        return true
    }

    private mutating func pass(_ expected: UInt8) throws(JSONError) {
        guard try byte() == expected else { throw failure(.unexpectedByte) }
        offset += 1
    }
}

// MARK: Strings and numbers

extension JSONReader {
    private mutating func string() throws(JSONError) {
        text = []
        try pass(UInt8(ascii: "\""))
        while true {
            let byte = try byte()
            if byte == UInt8(ascii: "\\") {
                offset += 1
                try escape()
                continue
            }
            let length = byte < 0x20 ? 0 : UTF8Text.characterLength(bytes, at: offset)
            guard length > 0 else { throw failure(.badString) }
            let end = offset + length
            if byte == UInt8(ascii: "\"") {
                offset = end
                return
            }
            while offset < end {
                text.append(bytes[offset])
                offset += 1
            }
        }
    }

    private mutating func escape() throws(JSONError) {
        var character = try byte()
        offset += 1
        switch character {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): break
        case UInt8(ascii: "b"): character = 0x08
        case UInt8(ascii: "f"): character = 0x0c
        case UInt8(ascii: "n"): character = 0x0a
        case UInt8(ascii: "r"): character = 0x0d
        case UInt8(ascii: "t"): character = 0x09
        case UInt8(ascii: "u"): return try unicodeEscape()
        default: throw failure(.badString)
        }
        text.append(character)
    }

    /// Four hexadecimal digits, or twice four that form a surrogate pair.
    private mutating func unicodeEscape() throws(JSONError) {
        var scalar = try fourHexDigits()
        if scalar & 0xf800 == 0xd800 {
            guard scalar < 0xdc00, passes(UInt8(ascii: "\\")), passes(UInt8(ascii: "u")) else { throw failure(.badString) }
            let low = try fourHexDigits()
            guard low & 0xfc00 == 0xdc00 else { throw failure(.badString) }
            scalar = 0x1_0000 + (scalar & 0x3ff) << 10 + low & 0x3ff
        }
        UTF8Text.append(scalar, to: &text)
    }

    private mutating func fourHexDigits() throws(JSONError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = HexText.digit(try byte()) else { throw failure(.badString) }
            value = value << 4 | UInt32(digit)
            offset += 1
        }
        return value
    }

    private mutating func number() throws(JSONError) {
        _ = passes(UInt8(ascii: "-"))
        let first = try byte()
        let count = passDigits()
        guard count > 0 else { throw failure(.unexpectedByte) }
        var isGood = count == 1 || first != UInt8(ascii: "0")
        if passes(UInt8(ascii: ".")) { isGood = isGood && passDigits() > 0 }
        if passes(UInt8(ascii: "e")) || passes(UInt8(ascii: "E")) {
            if !passes(UInt8(ascii: "-")) { _ = passes(UInt8(ascii: "+")) }
            isGood = isGood && passDigits() > 0
        }
        guard isGood else { throw failure(.badNumber) }
    }

    /// Skips digits, and returns how many there were.
    private mutating func passDigits() -> Int {
        let first = offset
        while offset < bytes.count, bytes[offset] >= 0x30, bytes[offset] <= 0x39 { offset += 1 }
        return offset - first
    }
}
