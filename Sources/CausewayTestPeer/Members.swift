import Causeway

/// The members of a JSON object, each of the type that the control protocol names. null stands for a member that is absent.
struct Members {
    private let json: JSON
    /// Where the object stands: `relay.`, or nothing for the outermost.
    private let place: String

    init(_ json: JSON, at place: String = "") throws(CommandError) {
        guard json.object != nil else {
            throw CommandError("\(place.isEmpty ? "the configuration" : place): expected an object, got \(Self.description(json))")
        }
        self.json = json
        self.place = place.isEmpty ? "" : place + "."
    }

    var names: [String] { (json.object ?? []).map { String(decoding: $0.name, as: UTF8.self) } }

    subscript(_ name: String) -> JSON? {
        guard let value = json[name], !value.isNull else { return nil }
        return value
    }

    func text(_ name: String) throws(CommandError) -> String? { try read(name, "a text", \.text) }

    func flag(_ name: String) throws(CommandError) -> Bool? { try read(name, "true or false", \.bool) }

    func integer(_ name: String, in range: ClosedRange<Int>) throws(CommandError) -> Int? {
        let expected = "a whole number from \(range.lowerBound) to \(range.upperBound)"
        return try read(name, expected) { $0.integer.map { Int($0) }.flatMap { range.contains($0) ? $0 : nil } }
    }

    func texts(_ name: String) throws(CommandError) -> [String] {
        guard let list = try read(name, "a list of texts", \.array) else { return [] }
        var texts: [String] = []
        for (index, element) in list.enumerated() {
            guard let text = element.text else { throw wrong("\(name)[\(index)]", "a text", element) }
            texts.append(text)
        }
        return texts
    }

    func addresses(_ name: String) throws(CommandError) -> [Multiaddr] {
        var addresses: [Multiaddr] = []
        for text in try texts(name) { addresses.append(try address(text, name)) }
        return addresses
    }

    func address(_ text: String, _ name: String) throws(CommandError) -> Multiaddr {
        do { return try Multiaddr(text) } catch { throw CommandError("\(place)\(name): '\(text)' is no multiaddr: \(error)") }
    }

    func object(_ name: String) throws(CommandError) -> Members? {
        guard let value = self[name] else { return nil }
        return try Members(value, at: place + name)
    }

    private func read<Value>(_ name: String, _ expected: String, _ convert: (JSON) -> Value?) throws(CommandError) -> Value? {
        guard let value = self[name] else { return nil }
        guard let converted = convert(value) else { throw wrong(name, expected, value) }
        return converted
    }

    private func wrong(_ name: String, _ expected: String, _ value: JSON) -> CommandError {
        CommandError("\(place)\(name): expected \(expected), got \(Self.description(value))")
    }

    private static func description(_ value: JSON) -> String {
        switch value {
        case .null: "null"
        case .bool(let bool): "\(bool)"
        case .integer(let number): "\(number)"
        case .number(let number): "\(number)"
        case .string(let bytes): "the text '\(Printable.line(String(decoding: bytes.prefix(80), as: UTF8.self)))'"
        case .array: "a list"
        case .object: "an object"
        }
    }
}
