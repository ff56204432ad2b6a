/// A self-describing network address (multiformats/multiaddr): a sequence of protocols with values, kept in its binary form.
public struct Multiaddr: Hashable, Sendable {
    /// The longest address that is read, in bytes of text or binary form.
    public static let limit = 4_096

    /// Valid binary form: every component's code is known and its value well-formed.
    public let bytes: [UInt8]

    init(unchecked bytes: [UInt8]) { self.bytes = bytes }

    /// One protocol and its value.
    public struct Component: Hashable, Sendable {
        public let code: UInt32
        /// The value without its length; empty for protocols that have none.
        public let value: [UInt8]

        /// `/tcp/4001`.
        public var text: [UInt8] {
            guard let row = MultiaddrProtocol.of(code: code) else { return [] }
            let head = [UInt8(ascii: "/")] + row.nameBytes
            guard row.value != .none else { return head }
            let value = MultiaddrValue.text(value, as: row.value)
            return row.value == .path && value.first == UInt8(ascii: "/") ? head + value : head + [UInt8(ascii: "/")] + value
        }
    }

    /// Checks a binary address. Peer ids that are written as CIDs become multihashes.
    public init(bytes: [UInt8]) throws(MultiaddrError) {
        guard !bytes.isEmpty else { throw MultiaddrError(component: 0, name: [], reason: .empty) }
        guard bytes.count <= Self.limit else { throw MultiaddrError(component: 0, name: [], reason: .tooLong(limit: Self.limit)) }
        var reader = MultiaddrReader(bytes)
        var out: [UInt8] = []
        while let component = try reader.next() { Self.append(component.code, component.value, to: &out) }
        self.bytes = out
    }

    /// Reads `/ip4/127.0.0.1/tcp/4001`. One slash at the end is ignored.
    public init(text: [UInt8]) throws(MultiaddrError) {
        guard !text.isEmpty else { throw MultiaddrError(component: 0, name: [], reason: .empty) }
        guard text.count <= Self.limit else { throw MultiaddrError(component: 0, name: [], reason: .tooLong(limit: Self.limit)) }
        guard text[0] == UInt8(ascii: "/") else { throw MultiaddrError(component: 0, name: [], reason: .noLeadingSlash) }
        bytes = try Self.parse(text)
    }

    public init(_ text: String) throws(MultiaddrError) { try self.init(text: [UInt8](text.utf8)) }

    public var text: [UInt8] {
        var out: [UInt8] = []
        for component in components { out += component.text }
        return out
    }

    public var components: [Component] {
        var reader = MultiaddrReader(bytes)
        var out: [Component] = []
        while let component = try? reader.next() { out.append(component) }
        return out
    }

    private static func parse(_ text: [UInt8]) throws(MultiaddrError) -> [UInt8] {
        let slash = UInt8(ascii: "/")
        var parts: [ArraySlice<UInt8>] = []
        var start = 1
        for index in 1...text.count where index == text.count || text[index] == slash {
            parts.append(text[start..<index])
            start = index + 1
        }
        if parts.count > 1, parts[parts.count - 1].isEmpty { parts.removeLast() }
        var out: [UInt8] = []
        var component = 0
        var position = 0
        while position < parts.count {
            let name = [UInt8](parts[position])
            guard let row = MultiaddrProtocol.of(name: name) else {
                throw MultiaddrError(component: component, name: name, reason: name.isEmpty ? .empty : .unknownProtocol)
            }
            position += 1
            var value: [UInt8] = []
            if row.value != .none {
                guard position < parts.count else { throw MultiaddrError(component: component, name: name, reason: .missingValue) }
                // A path is everything that follows.
                let end = row.value == .path ? parts[parts.count - 1].endIndex : parts[position].endIndex
                let text = [UInt8](text[parts[position].startIndex..<end])
                do throws(MultiaddrValue.Refusal) {
                    value = try MultiaddrValue.parse(text, as: row.value)
                } catch { throw MultiaddrError(component: component, name: name, reason: error.reason) }
                position = row.value == .path ? parts.count : position + 1
            }
            append(row.code, value, to: &out)
            component += 1
        }
        return out
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

/// Reads components off a binary address, checking each.
struct MultiaddrReader {
    private let bytes: [UInt8]
    private var position = 0
    private var number = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func next() throws(MultiaddrError) -> Multiaddr.Component? {
        guard position < bytes.count else { return nil }
        let code = try varint(name: [])
        guard code <= UInt64(UInt32.max), let row = MultiaddrProtocol.of(code: UInt32(code)) else {
            var digits: [UInt8] = []
            DecimalText.append(code, to: &digits)
            throw MultiaddrError(component: number, name: digits, reason: .unknownProtocol)
        }
        var size = row.value.size ?? 0
        if row.value.size == nil {
            let length = try varint(name: row.nameBytes)
            guard length <= UInt64(bytes.count - position) else { throw failure(row, .truncated) }
            size = Int(length)
        }
        guard bytes.count - position >= size else { throw failure(row, .truncated) }
        let value = bytes.withUnsafeBytes { [UInt8](copying: UnsafeRawBufferPointer(rebasing: $0[position..<position + size])) }
        position += size
        defer { number += 1 }
        do throws(MultiaddrValue.Refusal) {
            return Multiaddr.Component(code: row.code, value: try MultiaddrValue.checked(value, as: row.value))
        } catch { throw failure(row, error.reason) }
    }

    private func failure(_ row: MultiaddrProtocol, _ reason: MultiaddrError.Reason) -> MultiaddrError {
        MultiaddrError(component: number, name: row.nameBytes, reason: reason)
    }

    private mutating func varint(name: [UInt8]) throws(MultiaddrError) -> UInt64 {
        let decoded = bytes.withUnsafeBytes { Varint.decode(UnsafeRawBufferPointer(rebasing: $0[position...])) }
        guard case .value(let value, let length) = decoded else {
            throw MultiaddrError(component: number, name: name, reason: decoded == .incomplete ? .truncated : .malformedVarint)
        }
        position += length
        return value
    }
}
