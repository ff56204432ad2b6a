/// A self-describing network address (multiformats/multiaddr): a sequence of protocols with values, kept in its binary form.
public struct Multiaddr: Hashable, Sendable {
    /// The longest address that is accepted, in bytes of text or of the binary form.
    public static let limit = 4_096

    /// The valid binary form: every component's code is known and its value is well-formed.
    public let bytes: [UInt8]

    init(unchecked bytes: [UInt8]) { self.bytes = bytes }

    /// One protocol and its value.
    public struct Component: Hashable, Sendable {
        public let code: UInt32
        /// The value without its length. Empty for protocols that have none.
        public let value: [UInt8]

        /// `/tcp/4001`.
        public var text: [UInt8] {
            var out: [UInt8] = []
            Multiaddr.append(code, value, asTextTo: &out)
            return out
        }
    }

    /// Checks a binary address. Peer ids in the form of CIDs become multihashes.
    public init(bytes: [UInt8]) throws(MultiaddrError) {
        var reader = MultiaddrReader(bytes)
        var out: [UInt8] = []
        do throws(MultiaddrError.Reason) {
            guard !bytes.isEmpty else { throw .empty }
            guard bytes.count <= Self.limit else { throw .tooLong(limit: Self.limit) }
            while try reader.next() { Self.append(reader.code, try MultiaddrValue.checked(reader.value, as: reader.kind), to: &out) }
        } catch { throw reader.failure(error) }
        self.bytes = out
    }

    /// Reads `/ip4/127.0.0.1/tcp/4001`. One slash at the end is ignored.
    public init(text: [UInt8]) throws(MultiaddrError) {
        var out: [UInt8] = []
        var number = 0
        var name: [UInt8] = []
        do throws(MultiaddrError.Reason) {
            guard !text.isEmpty else { throw .empty }
            guard text.count <= Self.limit else { throw .tooLong(limit: Self.limit) }
            guard text[0] == slash else { throw .noLeadingSlash }
            let end = text.count > 1 && text[text.count - 1] == slash ? text.count - 1 : text.count
            var position = 0
            while position < end {
                name = Self.part(of: text, at: &position, before: end)
                guard let row = MultiaddrProtocol.of(name: name) else { throw name.isEmpty ? .empty : .unknownProtocol }
                var value: [UInt8] = []
                if row.value != .none {
                    guard position < end else { throw .missingValue }
                    value = Self.part(of: text, at: &position, before: end, isPath: row.value == .path)
                    value = try MultiaddrValue.parse(value, as: row.value)
                }
                Self.append(row.code, value, to: &out)
                number += 1
            }
        } catch { throw MultiaddrError(component: number, name: name, reason: error) }
        bytes = out
    }

    public init(_ text: String) throws(MultiaddrError) { try self.init(text: [UInt8](text.utf8)) }

    public var text: [UInt8] {
        var out: [UInt8] = []
        var reader = MultiaddrReader(bytes)
        while reader.advance() { Self.append(reader.code, reader.value, asTextTo: &out) }
        return out
    }

    public var components: [Component] {
        var out: [Component] = []
        var reader = MultiaddrReader(bytes)
        while reader.advance() { out.append(Component(code: reader.code, value: reader.value)) }
        return out
    }

    /// The text behind the slash at `position`, which moves on to the next slash. For a path, the text reaches to the end.
    private static func part(of text: [UInt8], at position: inout Int, before end: Int, isPath: Bool = false) -> [UInt8] {
        let start = position + 1
        position = start
        while position < end, isPath || text[position] != slash { position += 1 }
        return [UInt8](copying: text, start..<position)
    }

    private static func append(_ code: UInt32, _ value: [UInt8], asTextTo out: inout [UInt8]) {
        guard let row = MultiaddrProtocol.of(code: code) else { return }
        out.append(slash)
        out += row.nameBytes
        guard row.value != .none else { return }
        if row.value != .path || value.first != slash { out.append(slash) }
        MultiaddrValue.append(value, as: row.value, to: &out)
    }

    static func append(_ code: UInt32, _ value: [UInt8], to out: inout [UInt8]) {
        Varint.append(UInt64(code), to: &out)
        guard let row = MultiaddrProtocol.of(code: code) else { return }
        if row.value.size == nil { Varint.append(UInt64(value.count), to: &out) }
        out += value
    }
}

extension Multiaddr: CustomStringConvertible {
    public var description: String { String(decoding: text, as: UTF8.self) }
}

private let slash = UInt8(ascii: "/")

/// Reads a binary address, component by component.
struct MultiaddrReader {
    private let bytes: [UInt8]
    private var number = 0
    private var longCode: UInt64 = 0
    private var valueStart = 0
    /// The beginning and the end of this component. Before the first one, both are 0.
    private(set) var start = 0
    private(set) var end = 0
    /// The kind of this component's value.
    private(set) var kind = MultiaddrProtocol.Value.none

    @inline(never)
    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// The component's code. 0 before the first component.
    var code: UInt32 { UInt32(clamping: longCode) }
    var value: [UInt8] { [UInt8](copying: bytes, valueStart..<end) }

    /// Moves to the next component, whose value still has to be checked. Returns false behind the last one, and stays there.
    mutating func next() throws(MultiaddrError.Reason) -> Bool {
        guard end < bytes.count else { return false }
        if end > 0 { number += 1 }
        start = end
        longCode = 0
        longCode = try varint()
        guard let row = MultiaddrProtocol.of(code: code) else { throw .unknownProtocol }
        kind = row.value
        let size: UInt64 = if let size = kind.size { UInt64(size) } else { try varint() }
        guard size <= UInt64(bytes.count - end) else { throw .truncated }
        valueStart = end
        end += Int(size)
        return true
    }

    /// The same, for bytes that have been checked.
    @inline(never)
    mutating func advance() -> Bool { (try? next()) ?? false }

    /// The error for the component at which `next` or the check of its value failed.
    func failure(_ reason: MultiaddrError.Reason) -> MultiaddrError {
        var name: [UInt8] = []
        if let row = MultiaddrProtocol.of(code: code) {
            name = row.nameBytes
        } else if end > start {
            DecimalText.append(longCode, to: &name)
        }
        return MultiaddrError(component: number, name: name, reason: reason)
    }

    private mutating func varint() throws(MultiaddrError.Reason) -> UInt64 {
        switch Varint.decode(bytes, at: end) {
        case .value(let value, let length):
            end += length
            return value
        case .incomplete: throw .truncated
        case .malformed: throw .malformedVarint
        }
    }
}
