// Embedded Swift compiles `Dictionary` again for every pair of key and value types, several kilobytes each. Here all tables share one hash
// table whose values are boxes, and only a cast is generic. See docs/workarounds.md.

/// A dictionary by number, for the core.
@frozen
public struct Table<Key: FixedWidthInteger & UnsignedInteger, Value>: ~Copyable {
    @usableFromInline var entries = Entries()

    @inlinable public init() {}

    public var count: Int { entries.count }
    public var isEmpty: Bool { entries.count == 0 }

    @inlinable public subscript(key: Key) -> Value? {
        get { Box<Value>.content(entries.entry(UInt64(truncatingIfNeeded: key))) }
        set {
            if let newValue {
                entries.put(Box(newValue), UInt64(truncatingIfNeeded: key))
            } else {
                entries.remove(UInt64(truncatingIfNeeded: key))
            }
        }
    }

    @inlinable public subscript(key: Key, default fallback: Value) -> Value {
        get { self[key] ?? fallback }
        set { self[key] = newValue }
    }

    /// Sets a value, and returns the previous one.
    @inlinable public mutating func updateValue(_ value: Value, forKey key: Key) -> Value? {
        let old = self[key]
        self[key] = value
        return old
    }

    @inlinable public mutating func removeValue(forKey key: Key) -> Value? {
        Box<Value>.content(entries.remove(UInt64(truncatingIfNeeded: key)))
    }

    /// The keys in ascending order.
    public var keys: [Key] {
        var keys: [Key] = []
        for number in entries.numbers() { keys.append(Key(truncatingIfNeeded: number)) }
        return keys
    }

    /// The values in the order of their keys.
    public var values: [Value] {
        var values: [Value] = []
        for number in entries.numbers() { if let value = Box<Value>.content(entries.entry(number)) { values.append(value) } }
        return values
    }
}

/// A dictionary by bytes (ids, names, addresses), for the core.
@frozen
public struct BytesTable<Value>: ~Copyable {
    @usableFromInline var entries = Entries()

    @inlinable public init() {}

    public var count: Int { entries.count }
    public var isEmpty: Bool { entries.count == 0 }

    @inlinable public subscript(key: [UInt8]) -> Value? {
        get { Box<Value>.content(entries.entry(Entries.number(of: key), key)) }
        set {
            let number = Entries.number(of: key)
            if let newValue { entries.put(Box(newValue, name: key), number) } else { entries.remove(number, key) }
        }
    }

    @inlinable public subscript(key: [UInt8], default fallback: Value) -> Value {
        get { self[key] ?? fallback }
        set { self[key] = newValue }
    }

    /// Sets a value, and returns the previous one.
    @inlinable public mutating func updateValue(_ value: Value, forKey key: [UInt8]) -> Value? {
        let old = self[key]
        self[key] = value
        return old
    }

    public mutating func removeAll(where isSpent: (Value) -> Bool) {
        for entry in entries.all() {
            if let name = entry.name, let value = Box<Value>.content(entry), isSpent(value) { self[name] = nil }
        }
    }
}

extension BytesTable where Value == Int {
    public mutating func countUp(_ key: [UInt8]) { self[key] = (self[key] ?? 0) + 1 }

    /// Decreases the count. Removes the key when its count reaches zero.
    public mutating func countDown(_ key: [UInt8]) {
        guard let count = self[key] else { return }
        self[key] = count > 1 ? count - 1 : nil
    }
}

/// A set of byte strings, for the core.
public struct BytesSet: ~Copyable {
    private var entries = Entries()

    public init() {}

    public var count: Int { entries.count }
    public func contains(_ member: [UInt8]) -> Bool { entries.entry(Entries.number(of: member), member) != nil }

    /// Adds a member. Returns whether it is new.
    public mutating func insert(_ member: [UInt8]) -> Bool {
        let known = entries.count
        entries.put(Entry(name: member), Entries.number(of: member))
        return entries.count > known
    }

    /// Removes a member. Returns whether it was there.
    @discardableResult
    public mutating func remove(_ member: [UInt8]) -> Bool { entries.remove(Entries.number(of: member), member) != nil }
}
