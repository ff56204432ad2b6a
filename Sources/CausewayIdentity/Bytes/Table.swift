// Embedded Swift compiles a `Dictionary` anew for every type of value, several kilobytes each. Here all tables of a module share one
// dictionary by number and one by bytes, whose values are boxes; what is generic is a cast.

/// A dictionary by number, for the core.
@frozen
public struct Table<Key: FixedWidthInteger & UnsignedInteger, Value> {
    @usableFromInline var boxes = NumberedBoxes()

    @inlinable public init() {}

    public var count: Int { boxes.count }
    public var isEmpty: Bool { boxes.count == 0 }

    @inlinable public subscript(key: Key) -> Value? {
        get { Box<Value>.content(boxes.box(UInt64(truncatingIfNeeded: key))) }
        set {
            if let newValue {
                boxes.put(Box(newValue), UInt64(truncatingIfNeeded: key))
            } else {
                boxes.remove(UInt64(truncatingIfNeeded: key))
            }
        }
    }

    @inlinable public subscript(key: Key, default fallback: Value) -> Value {
        get { self[key] ?? fallback }
        set { self[key] = newValue }
    }

    /// What was there before.
    @inlinable public mutating func updateValue(_ value: Value, forKey key: Key) -> Value? {
        let old = self[key]
        self[key] = value
        return old
    }

    @inlinable public mutating func removeValue(forKey key: Key) -> Value? {
        let old = self[key]
        boxes.remove(UInt64(truncatingIfNeeded: key))
        return old
    }

    /// In ascending order.
    public var keys: [Key] {
        var keys: [Key] = []
        for number in boxes.numbers() { keys.append(Key(truncatingIfNeeded: number)) }
        return keys
    }

    /// In the order of their keys.
    public var values: [Value] {
        var values: [Value] = []
        for number in boxes.numbers() { if let value = Box<Value>.content(boxes.box(number)) { values.append(value) } }
        return values
    }
}

/// A dictionary by bytes (ids, names, addresses), for the core.
@frozen
public struct BytesTable<Value> {
    @usableFromInline var boxes = NamedBoxes()

    @inlinable public init() {}

    public var count: Int { boxes.count }
    public var isEmpty: Bool { boxes.count == 0 }

    @inlinable public subscript(key: [UInt8]) -> Value? {
        get { Box<Value>.content(boxes.box(key)) }
        set {
            if let newValue { boxes.put(Box(newValue), key) } else { boxes.remove(key) }
        }
    }

    @inlinable public subscript(key: [UInt8], default fallback: Value) -> Value {
        get { self[key] ?? fallback }
        set { self[key] = newValue }
    }

    /// What was there before.
    @inlinable public mutating func updateValue(_ value: Value, forKey key: [UInt8]) -> Value? {
        let old = self[key]
        self[key] = value
        return old
    }

    public mutating func removeAll(where isSpent: (Value) -> Bool) {
        for key in boxes.keys() { if let value = self[key], isSpent(value) { boxes.remove(key) } }
    }
}

/// A set of byte strings, for the core.
public struct BytesSet {
    private var boxes = NamedBoxes()
    private static let member = Box(true)

    public init() {}

    public var count: Int { boxes.count }
    public func contains(_ member: [UInt8]) -> Bool { boxes.box(member) != nil }
    public mutating func remove(_ member: [UInt8]) { boxes.remove(member) }

    /// Whether it is new.
    public mutating func insert(_ member: [UInt8]) -> Bool {
        guard boxes.box(member) == nil else { return false }
        boxes.put(Self.member, member)
        return true
    }
}

/// Never changed, so copies of a table may share it.
@usableFromInline
final class Box<Value> {
    @usableFromInline let value: Value

    @inlinable init(_ value: Value) { self.value = value }

    /// Of a box of this type.
    @inlinable static func content(_ box: AnyObject?) -> Value? {
        guard let box else { return nil }
        return unsafeDowncast(box, to: Box<Value>.self).value
    }
}

extension Box: Sendable where Value: Sendable {}

@usableFromInline
struct NumberedBoxes {
    private var boxes: [UInt64: AnyObject] = [:]

    @usableFromInline init() {}

    @usableFromInline var count: Int { boxes.count }
    @usableFromInline @inline(never) func box(_ key: UInt64) -> AnyObject? { boxes[key] }
    @usableFromInline @inline(never) mutating func put(_ box: AnyObject, _ key: UInt64) { boxes[key] = box }
    @usableFromInline @inline(never) mutating func remove(_ key: UInt64) { boxes[key] = nil }
    @inline(never) func numbers() -> [UInt64] { boxes.keys.sorted() }
}

@usableFromInline
struct NamedBoxes {
    private var boxes: [[UInt8]: AnyObject] = [:]

    @usableFromInline init() {}

    @usableFromInline var count: Int { boxes.count }
    @usableFromInline @inline(never) func box(_ key: [UInt8]) -> AnyObject? { boxes[key] }
    @usableFromInline @inline(never) mutating func put(_ box: AnyObject, _ key: [UInt8]) { boxes[key] = box }
    @usableFromInline @inline(never) mutating func remove(_ key: [UInt8]) { boxes[key] = nil }
    @inline(never) func keys() -> [[UInt8]] { [[UInt8]](boxes.keys) }
}
