/// A JSON value (RFC 8259), for discovery messages, configuration files and control protocols. Text is UTF-8 bytes. Members keep their
/// order.
public enum JSON: Equatable, Sendable {
    case null
    case bool(Bool)
    /// A number without fraction and exponent that fits.
    case integer(Int64)
    case number(Double)
    case string([UInt8])
    case array([JSON])
    case object([Member])

    /// A name and its value in an object.
    public struct Member: Equatable, Sendable {
        public let name: [UInt8]
        public let value: JSON

        public init(_ name: [UInt8], _ value: JSON) {
            self.name = name
            self.value = value
        }
    }
}

// MARK: Making values

extension JSON {
    public static func text(_ text: String) -> JSON { .string([UInt8](text.utf8)) }

    /// An object. Members whose value is nil are left out.
    public static func object(_ members: KeyValuePairs<String, JSON?>) -> JSON {
        var list: [Member] = []
        for (name, value) in members {
            if let value { list.append(Member([UInt8](name.utf8), value)) }
        }
        return .object(list)
    }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    public init(stringLiteral value: String) { self = .text(value) }
    public init(integerLiteral value: Int64) { self = .integer(value) }
    public init(floatLiteral value: Double) { self = .number(value) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(arrayLiteral elements: JSON...) { self = .array(elements) }
    public init(dictionaryLiteral elements: (String, JSON)...) {
        var list: [Member] = []
        for (name, value) in elements { list.append(Member([UInt8](name.utf8), value)) }
        self = .object(list)
    }
}

// MARK: Reading values

extension JSON {
    /// The member of an object. nil: there is none, or the value is not an object.
    public subscript(_ name: [UInt8]) -> JSON? {
        guard case .object(let members) = self else { return nil }
        for member in members where member.name == name { return member.value }
        return nil
    }

    public subscript(_ name: String) -> JSON? { self[[UInt8](name.utf8)] }

    public var isNull: Bool { self == .null }

    public var bool: Bool? {
        guard case .bool(let value) = self else { return nil }
        return value
    }

    public var integer: Int64? {
        guard case .integer(let value) = self else { return nil }
        return value
    }

    /// The value of any number.
    public var number: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .number(let value): value
        default: nil
        }
    }

    /// A string's UTF-8.
    public var string: [UInt8]? {
        guard case .string(let value) = self else { return nil }
        return value
    }

    public var text: String? {
        guard let string else { return nil }
        return String(decoding: string, as: UTF8.self)
    }

    public var array: [JSON]? {
        guard case .array(let values) = self else { return nil }
        return values
    }

    public var object: [Member]? {
        guard case .object(let members) = self else { return nil }
        return members
    }
}
