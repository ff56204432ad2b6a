/// One parameter of a chunk, not yet understood (RFC 9260, section 3.2.1). Error causes have the same form (section 3.3.10).
struct Parameter {
    static let headSize = 4

    let type: UInt16
    let value: PacketBytes
    let whole: PacketBytes
}

/// Cuts a chunk's rest into parameters.
struct ParameterReader {
    private var rest: PacketBytes
    private(set) var isMalformed = false

    init(_ bytes: PacketBytes) { rest = bytes }

    mutating func next() -> Parameter? {
        guard rest.count > 0 else { return nil }
        guard rest.count >= Parameter.headSize else { return fail() }
        let length = Int(rest.number16(2))
        guard length >= Parameter.headSize, length <= rest.count else { return fail() }
        let parameter = Parameter(
            type: rest.number16(0), value: rest.part(Parameter.headSize..<length), whole: rest.part(0..<length))
        rest = rest.dropFirst(min((length + 3) & ~3, rest.count))
        return parameter
    }

    private mutating func fail() -> Parameter? {
        isMalformed = true
        rest = rest.part(0..<0)
        return nil
    }
}
