// The core's tables. Natively they are dictionaries; a page has smaller ones (docs/workarounds.md). Keys come out in ascending order or
// not at all, so the order of a dictionary never reaches an output.

#if hasFeature(Embedded)
    typealias Table<Key: FixedWidthInteger & UnsignedInteger, Value> = BoxedTable<Key, Value>
    typealias BytesTable<Value> = BoxedBytesTable<Value>
    typealias BytesSet = BoxedBytesSet
#else
    /// A dictionary by number, for the core.
    @frozen
    public struct Table<Key: FixedWidthInteger & UnsignedInteger, Value>: ~Copyable {
        @usableFromInline var entries: [NumberKey: Value] = [:]

        @inlinable public init() {}

        @inlinable public var count: Int { entries.count }
        @inlinable public var isEmpty: Bool { entries.isEmpty }

        @inlinable public subscript(key: Key) -> Value? {
            get { entries[NumberKey(key)] }
            set { if let newValue { entries[NumberKey(key)] = newValue } else { _ = removeValue(forKey: key) } }
        }

        /// A value, or `fallback` in its place. A change is made where the value lies.
        @inlinable public subscript(key: Key, default fallback: @autoclosure () -> Value) -> Value {
            get { entries[NumberKey(key)] ?? fallback() }
            _modify { yield &entries[NumberKey(key), default: fallback()] }
        }

        /// Sets a value, and returns the previous one.
        @inlinable public mutating func updateValue(_ value: Value, forKey key: Key) -> Value? {
            entries.updateValue(value, forKey: NumberKey(key))
        }

        @inlinable public mutating func removeValue(forKey key: Key) -> Value? {
            let value = entries.removeValue(forKey: NumberKey(key))
            if entries.isEmpty, entries.capacity > emptyCapacity { entries = [:] }
            return value
        }

        /// The keys in ascending order.
        @inlinable public var keys: [Key] {
            var keys: [Key] = []
            keys.reserveCapacity(count)
            for key in entries.keys { keys.append(Key(truncatingIfNeeded: key.number)) }
            if keys.count > 1 { keys.sort() }
            return keys
        }

        /// The values in the order of their keys.
        @inlinable public var values: [Value] {
            if count == 1, let only = entries.first { return [only.value] }
            return keys.map { entries[NumberKey($0)]! }
        }
    }

    /// A dictionary by bytes (ids, names, addresses), for the core.
    @frozen
    public struct BytesTable<Value>: ~Copyable {
        @usableFromInline var entries: [BytesKey: Value] = [:]

        @inlinable public init() {}

        @inlinable public var count: Int { entries.count }
        @inlinable public var isEmpty: Bool { entries.isEmpty }

        @inlinable public subscript(key: [UInt8]) -> Value? {
            get { entries[BytesKey(key)] }
            set {
                entries[BytesKey(key)] = newValue
                if entries.isEmpty, entries.capacity > emptyCapacity { entries = [:] }
            }
        }

        /// A value, or `fallback` in its place. A change is made where the value lies.
        @inlinable public subscript(key: [UInt8], default fallback: @autoclosure () -> Value) -> Value {
            get { entries[BytesKey(key)] ?? fallback() }
            _modify { yield &entries[BytesKey(key), default: fallback()] }
        }

        /// Sets a value, and returns the previous one.
        @inlinable public mutating func updateValue(_ value: Value, forKey key: [UInt8]) -> Value? {
            entries.updateValue(value, forKey: BytesKey(key))
        }

        @inlinable public mutating func removeAll(where isSpent: (Value) -> Bool) {
            for (key, value) in entries where isSpent(value) { self[key.bytes] = nil }
        }
    }

    /// A set of byte strings, for the core.
    @frozen
    public struct BytesSet: ~Copyable {
        @usableFromInline var members: Set<BytesKey> = []

        @inlinable public init() {}

        @inlinable public var count: Int { members.count }
        @inlinable public func contains(_ member: [UInt8]) -> Bool { members.contains(BytesKey(member)) }

        /// Adds a member. Returns whether it is new.
        @inlinable public mutating func insert(_ member: [UInt8]) -> Bool { members.insert(BytesKey(member)).inserted }

        /// Removes a member. Returns whether it was there.
        @inlinable @discardableResult
        public mutating func remove(_ member: [UInt8]) -> Bool {
            let wasThere = members.remove(BytesKey(member)) != nil
            if members.isEmpty, members.capacity > emptyCapacity { members = [] }
            return wasThere
        }
    }

    /// An empty table with more room than this gives it back.
    @usableFromInline let emptyCapacity = 12

    /// A number that is hashed by multiplications. The seed is where the dictionary lies in memory, so no remote can choose numbers that
    /// collide.
    @frozen @usableFromInline
    struct NumberKey: Hashable {
        @usableFromInline let number: UInt64

        @inlinable init(_ number: some FixedWidthInteger) { self.number = UInt64(truncatingIfNeeded: number) }

        @inlinable func hash(into hasher: inout Hasher) { hasher.combine(number) }

        /// What a dictionary asks for. The default is SipHash, which takes five times as long as the rest of a look-up.
        @inlinable func _rawHashValue(seed: Int) -> Int {
            let factor = UInt64(truncatingIfNeeded: seed &+ 1) &* 0x9E37_79B9_7F4A_7C15 | 1
            let product = number &* factor
            let spread = (product ^ product >> 32) &* factor
            return Int(truncatingIfNeeded: spread >> 32 ^ spread >> 48)
        }
    }

    /// Bytes that are hashed as a whole; an array hashes its elements one by one.
    @frozen @usableFromInline
    struct BytesKey: Hashable {
        @usableFromInline let bytes: [UInt8]

        @inlinable init(_ bytes: [UInt8]) { self.bytes = bytes }

        @inlinable func hash(into hasher: inout Hasher) { bytes.withUnsafeBytes { hasher.combine(bytes: $0) } }

        /// Eight bytes at once; two arrays are compared one by one.
        @inlinable static func == (a: BytesKey, b: BytesKey) -> Bool {
            guard a.bytes.count == b.bytes.count else { return false }
            return a.bytes.withUnsafeBytes { a in
                b.bytes.withUnsafeBytes { b in
                    var offset = 0
                    while offset + 8 <= a.count {
                        let one = a.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
                        if one != b.loadUnaligned(fromByteOffset: offset, as: UInt64.self) { return false }
                        offset += 8
                    }
                    while offset < a.count, a[offset] == b[offset] { offset += 1 }
                    return offset == a.count
                }
            }
        }
    }
#endif
