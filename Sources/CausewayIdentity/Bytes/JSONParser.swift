/// Why bytes are no JSON that we take, and where.
public struct JSONError: Error, Equatable {
    /// What is wrong at that place.
    public enum Reason: Equatable, Sendable {
        /// The text ends inside a value.
        case truncated
        /// A byte that cannot stand here; also anything behind the value.
        case unexpectedByte
        /// Leading zeros, no digits, or out of the range of a double.
        case badNumber
        /// Control characters, unknown escapes, lone surrogates, or no UTF-8.
        case badString
        /// A name that the object already has.
        case duplicateName
        case tooLong(limit: Int)
        case tooDeep(limit: Int)
        case tooManyValues(limit: Int)
    }
    public let reason: Reason
    /// Bytes from the start of the text.
    public let offset: Int

    public init(reason: Reason, offset: Int) {
        self.reason = reason
        self.offset = offset
    }
}

/// What a text may cost us.
public struct JSONLimits: Sendable {
    public var bytes: Int
    /// Arrays and objects inside one another.
    public var depth: Int
    /// Values and members in all: each costs some 50 bytes of memory for as little as 2 bytes of text.
    public var values: Int

    public init(bytes: Int = 1 << 20, depth: Int = 32, values: Int = 65_536) {
        self.bytes = bytes
        self.depth = depth
        self.values = values
    }
}

extension JSON {
    /// Reads exactly one value with white space around it: no comments, no trailing commas, no byte order mark.
    public init(parsing text: [UInt8], limits: JSONLimits = JSONLimits()) throws(JSONError) {
        guard text.count <= limits.bytes else { throw JSONError(reason: .tooLong(limit: limits.bytes), offset: limits.bytes) }
        var parser = JSONParser(bytes: text, limits: limits)
        self = try parser.document()
    }
}

private struct JSONParser {
    let bytes: [UInt8]
    let limits: JSONLimits
    var position = 0
    var depth = 0
    var values = 0

    func failure(_ reason: JSONError.Reason) -> JSONError { JSONError(reason: reason, offset: position) }

    mutating func document() throws(JSONError) -> JSON {
        let result = try value()
        skipSpace()
        guard position == bytes.count else { throw failure(.unexpectedByte) }
        return result
    }

    mutating func skipSpace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x0a, 0x0d, 0x09: position += 1
            default: return
            }
        }
    }

    /// The next byte that is no white space, which stays where it is.
    mutating func peek() throws(JSONError) -> UInt8 {
        skipSpace()
        guard position < bytes.count else { throw failure(.truncated) }
        return bytes[position]
    }

    mutating func value() throws(JSONError) -> JSON {
        values += 1
        guard values <= limits.values else { throw failure(.tooManyValues(limit: limits.values)) }
        switch try peek() {
        case UInt8(ascii: "{"): return .object(try nested(Self.members))
        case UInt8(ascii: "["): return .array(try nested(Self.elements))
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return try number()
        }
    }

    mutating func word(_ word: StaticString, _ value: JSON) throws(JSONError) -> JSON {
        for index in 0..<word.utf8CodeUnitCount {
            guard position < bytes.count else { throw failure(.truncated) }
            guard bytes[position] == word.utf8Start[index] else { throw failure(.unexpectedByte) }
            position += 1
        }
        return value
    }

    /// Runs `content` behind an opening bracket, one level deeper.
    mutating func nested<Content>(_ content: (inout JSONParser) throws(JSONError) -> Content) throws(JSONError) -> Content {
        depth += 1
        guard depth <= limits.depth else { throw failure(.tooDeep(limit: limits.depth)) }
        position += 1
        let result = try content(&self)
        depth -= 1
        return result
    }

    static func elements(_ parser: inout JSONParser) throws(JSONError) -> [JSON] {
        var list: [JSON] = []
        if try parser.closes(UInt8(ascii: "]")) { return list }
        repeat {
            list.append(try parser.value())
        } while try parser.continues(to: UInt8(ascii: "]"))
        return list
    }

    static func members(_ parser: inout JSONParser) throws(JSONError) -> [JSON.Member] {
        var list: [JSON.Member] = []
        var names = BytesSet()
        if try parser.closes(UInt8(ascii: "}")) { return list }
        repeat {
            guard try parser.peek() == UInt8(ascii: "\"") else { throw parser.failure(.unexpectedByte) }
            let name = try parser.string()
            guard names.insert(name) else { throw parser.failure(.duplicateName) }
            guard try parser.peek() == UInt8(ascii: ":") else { throw parser.failure(.unexpectedByte) }
            parser.position += 1
            list.append(JSON.Member(name, try parser.value()))
        } while try parser.continues(to: UInt8(ascii: "}"))
        return list
    }

    /// Takes `bracket` if it stands here.
    mutating func closes(_ bracket: UInt8) throws(JSONError) -> Bool {
        guard try peek() == bracket else { return false }
        position += 1
        return true
    }

    /// Takes a comma (true) or `bracket` (false).
    mutating func continues(to bracket: UInt8) throws(JSONError) -> Bool {
        if try closes(bracket) { return false }
        guard try peek() == UInt8(ascii: ",") else { throw failure(.unexpectedByte) }
        position += 1
        return true
    }
}

// MARK: Strings

extension JSONParser {
    mutating func string() throws(JSONError) -> [UInt8] {
        position += 1
        var out: [UInt8] = []
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "\""):
                position += 1
                return out
            case UInt8(ascii: "\\"):
                position += 1
                try escape(into: &out)
            case 0..<0x20:
                throw failure(.badString)
            default:
                let length = UTF8Text.characterLength(bytes, at: position)
                guard length > 0 else { throw failure(.badString) }
                for index in position..<position + length { out.append(bytes[index]) }
                position += length
            }
        }
        throw failure(.truncated)
    }

    mutating func escape(into out: inout [UInt8]) throws(JSONError) {
        guard position < bytes.count else { throw failure(.truncated) }
        let kind = bytes[position]
        position += 1
        switch kind {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): out.append(kind)
        case UInt8(ascii: "b"): out.append(0x08)
        case UInt8(ascii: "f"): out.append(0x0c)
        case UInt8(ascii: "n"): out.append(0x0a)
        case UInt8(ascii: "r"): out.append(0x0d)
        case UInt8(ascii: "t"): out.append(0x09)
        case UInt8(ascii: "u"): try unicodeEscape(into: &out)
        default: throw failure(.badString)
        }
    }

    mutating func unicodeEscape(into out: inout [UInt8]) throws(JSONError) {
        var scalar = try fourHexDigits()
        if scalar & 0xfc00 == 0xd800 {
            guard position + 1 < bytes.count else { throw failure(.truncated) }
            guard bytes[position] == UInt8(ascii: "\\"), bytes[position + 1] == UInt8(ascii: "u") else { throw failure(.badString) }
            position += 2
            let low = try fourHexDigits()
            guard low & 0xfc00 == 0xdc00 else { throw failure(.badString) }
            scalar = 0x1_0000 + (scalar & 0x3ff) << 10 + low & 0x3ff
        } else if scalar & 0xfc00 == 0xdc00 {
            throw failure(.badString)
        }
        UTF8Text.append(scalar, to: &out)
    }

    mutating func fourHexDigits() throws(JSONError) -> UInt32 {
        guard bytes.count - position >= 4 else { throw failure(.truncated) }
        var value: UInt32 = 0
        for _ in 0..<4 {
            let digit: UInt8
            switch bytes[position] {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = bytes[position] - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = bytes[position] - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = bytes[position] - UInt8(ascii: "A") + 10
            default: throw failure(.badString)
            }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        return value
    }
}

// MARK: Numbers

extension JSONParser {
    func digit() -> UInt8? {
        guard position < bytes.count, bytes[position] >= UInt8(ascii: "0"), bytes[position] <= UInt8(ascii: "9") else { return nil }
        return bytes[position] - UInt8(ascii: "0")
    }

    mutating func take(_ byte: UInt8) -> Bool {
        guard position < bytes.count, bytes[position] == byte else { return false }
        position += 1
        return true
    }

    mutating func number() throws(JSONError) -> JSON {
        let isNegative = take(UInt8(ascii: "-"))
        guard let first = digit() else { throw failure(position < bytes.count ? .unexpectedByte : .truncated) }
        var decimal = Decimal()
        decimal.add(first)
        position += 1
        while let next = digit() {
            guard first != 0 else { throw failure(.badNumber) }
            decimal.add(next)
            position += 1
        }
        var isWhole = true
        if take(UInt8(ascii: ".")) {
            isWhole = false
            guard digit() != nil else { throw failure(.badNumber) }
            while let next = digit() {
                decimal.add(next, behindPoint: true)
                position += 1
            }
        }
        if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
            isWhole = false
            decimal.exponent += try exponent()
        }
        if isWhole, decimal.exponent == 0, let integer = decimal.integer(isNegative: isNegative) { return .integer(integer) }
        guard let value = decimal.value else { throw failure(.badNumber) }
        return .number(isNegative ? -value : value)
    }

    mutating func exponent() throws(JSONError) -> Int {
        let isNegative = take(UInt8(ascii: "-"))
        if !isNegative { _ = take(UInt8(ascii: "+")) }
        guard digit() != nil else { throw failure(.badNumber) }
        var value = 0
        while let next = digit() {
            value = min(value * 10 + Int(next), 1_000_000)
            position += 1
        }
        return isNegative ? -value : value
    }
}

/// Digits times a power of ten. Exact for what people write (15 digits, exponents to 22), else within a few units in the last place:
/// correct rounding of everything would need big integers, and nothing here has that precision.
private struct Decimal {
    var digits: UInt64 = 0
    var exponent = 0

    mutating func add(_ digit: UInt8, behindPoint: Bool = false) {
        if digits >= UInt64.max / 10 - 1 {
            if !behindPoint { exponent += 1 }
        } else {
            digits = digits * 10 + UInt64(digit)
            if behindPoint { exponent -= 1 }
        }
    }

    func integer(isNegative: Bool) -> Int64? {
        guard isNegative else { return Int64(exactly: digits) }
        guard digits <= UInt64(Int64.max) + 1 else { return nil }
        return Int64(truncatingIfNeeded: 0 &- digits)
    }

    /// nil: out of range.
    var value: Double? {
        var value = Double(digits)
        guard value != 0 else { return 0 }
        guard exponent <= 310 else { return nil }
        guard exponent >= -345 else { return 0 }
        var rest = exponent < 0 ? -exponent : exponent
        while rest > 0 {
            let step = min(rest, 22)
            var power = 1.0
            for _ in 0..<step { power *= 10 }
            value = exponent < 0 ? value / power : value * power
            rest -= step
        }
        return value.isFinite ? value : nil
    }
}

/// UTF-8 by hand: the standard library's way brings Unicode tables into the page.
enum UTF8Text {
    /// How many bytes the character at `index` has; 0 if it is none.
    static func characterLength(_ bytes: [UInt8], at index: Int) -> Int {
        let first = bytes[index]
        let length: Int
        var scalar: UInt32
        switch first {
        case 0..<0x80: return 1
        case 0xc2..<0xe0: (length, scalar) = (2, UInt32(first & 0x1f))
        case 0xe0..<0xf0: (length, scalar) = (3, UInt32(first & 0x0f))
        case 0xf0..<0xf5: (length, scalar) = (4, UInt32(first & 0x07))
        default: return 0
        }
        guard bytes.count - index >= length else { return 0 }
        for offset in 1..<length {
            let byte = bytes[index + offset]
            guard byte & 0xc0 == 0x80 else { return 0 }
            scalar = scalar << 6 | UInt32(byte & 0x3f)
        }
        if length == 3, scalar < 0x800 || scalar & 0xf800 == 0xd800 { return 0 }
        if length == 4, scalar < 0x1_0000 || scalar > 0x10_ffff { return 0 }
        return length
    }

    /// Appends a scalar, which must not be a surrogate.
    static func append(_ scalar: UInt32, to bytes: inout [UInt8]) {
        func tail(_ shift: UInt32) -> UInt8 { UInt8(truncatingIfNeeded: scalar >> shift & 0x3f) | 0x80 }
        func head(_ mark: UInt8, _ shift: UInt32) -> UInt8 { UInt8(truncatingIfNeeded: scalar >> shift) | mark }
        switch scalar {
        case 0..<0x80: bytes.append(head(0, 0))
        case 0x80..<0x800: bytes += [head(0xc0, 6), tail(0)]
        case 0x800..<0x1_0000: bytes += [head(0xe0, 12), tail(6), tail(0)]
        default: bytes += [head(0xf0, 18), tail(12), tail(6), tail(0)]
        }
    }
}
