extension JSON {
    /// Reads exactly one value, with white space around it, as `JSONReader` does.
    public init(parsing text: [UInt8], limits: JSONLimits = JSONLimits()) throws(JSONError) {
        var reader = try JSONReader(text, limits: limits)
        guard let value = try Self.value(&reader) else { throw reader.failure(.truncated) }
        // Nothing may follow it.
        _ = try reader.next()
        self = value
    }

    /// The next value. nil: the array or object ends here.
    private static func value(_ reader: inout JSONReader) throws(JSONError) -> JSON? {
        guard let token = try reader.next() else { return nil }
        switch token {
        case .end, .name: return nil
        case .null: return .null
        case .true: return .bool(true)
        case .false: return .bool(false)
        case .string: return .string(reader.text)
        case .number:
            guard let number = JSON(number: reader.written) else { throw reader.failure(.badNumber) }
            return number
        case .array:
            var list: [JSON] = []
            while let element = try value(&reader) { list.append(element) }
            return .array(list)
        case .object:
            var list: [Member] = []
            while try reader.next() == .name {
                let name = reader.text
                if let value = try value(&reader) { list.append(Member(name, value)) }
            }
            return .object(list)
        }
    }

    /// From the text of a number, whose form was checked. nil: it is out of the range of a double.
    private init?(number text: ArraySlice<UInt8>) {
        var decimal = Decimal()
        var isWhole = true
        var isBehindPoint = false
        let isNegative = text.first == UInt8(ascii: "-")
        var rest = isNegative ? text.dropFirst() : text
        while let character = rest.popFirst() {
            switch character {
            case UInt8(ascii: "."):
                isBehindPoint = true
                isWhole = false
            case UInt8(ascii: "e"), UInt8(ascii: "E"):
                decimal.exponent += Self.exponent(rest)
                isWhole = false
                rest = []
            default: decimal.add(character - UInt8(ascii: "0"), behindPoint: isBehindPoint)
            }
        }
        if isWhole, decimal.exponent == 0, let integer = decimal.integer(isNegative: isNegative) {
            self = .integer(integer)
        } else {
            guard let value = decimal.value else { return nil }
            self = .number(isNegative ? -value : value)
        }
    }

    /// Large exponents are cut to a value that is out of range in any case.
    private static func exponent(_ text: ArraySlice<UInt8>) -> Int {
        var value = 0
        for character in text where character >= UInt8(ascii: "0") {
            value = min(value * 10 + Int(character - UInt8(ascii: "0")), 1_000_000)
        }
        return text.first == UInt8(ascii: "-") ? -value : value
    }
}

/// Digits times a power of ten. Exact for what people write (15 digits, exponents to 22), and otherwise within a few units in the last
/// place. Rounding everything correctly would need big integers, and nothing here has that precision.
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

    /// nil: the value is out of range.
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
