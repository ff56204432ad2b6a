// The page's tables. Embedded Swift compiles `Dictionary` again for every pair of key and value types, several kilobytes each. Here all
// tables share one hash table whose values are boxes, and only a cast is generic. See docs/workarounds.md.

/// `Table` in a page.
struct BoxedTable<Key: FixedWidthInteger & UnsignedInteger, Value>: ~Copyable {
    private var entries = HashTable()

    init() {}

    var count: Int { entries.count }
    var isEmpty: Bool { entries.count == 0 }

    subscript(key: Key) -> Value? {
        get { Box<Value>.content(entries.entry(UInt64(truncatingIfNeeded: key))) }
        set {
            if let newValue {
                entries.put(Box(newValue), UInt64(truncatingIfNeeded: key))
            } else {
                entries.remove(UInt64(truncatingIfNeeded: key))
            }
        }
    }

    subscript(key: Key, default fallback: @autoclosure () -> Value) -> Value {
        get { self[key] ?? fallback() }
        set { self[key] = newValue }
    }

    /// Sets a value, and returns the previous one.
    mutating func updateValue(_ value: Value, forKey key: Key) -> Value? {
        let old = self[key]
        self[key] = value
        return old
    }

    mutating func removeValue(forKey key: Key) -> Value? {
        Box<Value>.content(entries.remove(UInt64(truncatingIfNeeded: key)))
    }

    /// The keys in ascending order.
    var keys: [Key] {
        var keys: [Key] = []
        for number in entries.numbers() { keys.append(Key(truncatingIfNeeded: number)) }
        return keys
    }

    /// The values in the order of their keys.
    var values: [Value] {
        var values: [Value] = []
        for number in entries.numbers() { if let value = Box<Value>.content(entries.entry(number)) { values.append(value) } }
        return values
    }
}

/// `BytesTable` in a page.
struct BoxedBytesTable<Value>: ~Copyable {
    private var entries = HashTable()

    init() {}

    var count: Int { entries.count }
    var isEmpty: Bool { entries.count == 0 }

    subscript(key: [UInt8]) -> Value? {
        get { Box<Value>.content(entries.entry(HashTable.number(of: key), key)) }
        set {
            let number = HashTable.number(of: key)
            if let newValue { entries.put(Box(newValue, name: key), number) } else { entries.remove(number, key) }
        }
    }

    subscript(key: [UInt8], default fallback: @autoclosure () -> Value) -> Value {
        get { self[key] ?? fallback() }
        set { self[key] = newValue }
    }

    /// Sets a value, and returns the previous one.
    mutating func updateValue(_ value: Value, forKey key: [UInt8]) -> Value? {
        let old = self[key]
        self[key] = value
        return old
    }

    mutating func removeAll(where isSpent: (Value) -> Bool) {
        for entry in entries.all() {
            if let name = entry.name, let value = Box<Value>.content(entry), isSpent(value) { self[name] = nil }
        }
    }
}

/// `BytesSet` in a page.
struct BoxedBytesSet: ~Copyable {
    private var entries = HashTable()

    init() {}

    var count: Int { entries.count }
    func contains(_ member: [UInt8]) -> Bool { entries.entry(HashTable.number(of: member), member) != nil }

    /// Adds a member. Returns whether it is new.
    mutating func insert(_ member: [UInt8]) -> Bool {
        let known = entries.count
        entries.put(Entry(name: member), HashTable.number(of: member))
        return entries.count > known
    }

    /// Removes a member. Returns whether it was there.
    @discardableResult
    mutating func remove(_ member: [UInt8]) -> Bool { entries.remove(HashTable.number(of: member), member) != nil }
}
