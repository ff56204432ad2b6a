/// A first-in-first-out queue of bytes in raw memory, for wire buffers and partial frames.
///
/// Embedded Swift compiles array appends and slices to loops over single bytes; `copyMemory` is one instruction there. An empty queue holds
/// no memory after `release()`, so an idle connection costs nothing here.
@frozen
public struct ByteQueue: ~Copyable {
    @usableFromInline var base: UnsafeMutableRawPointer?
    @usableFromInline var capacity: Int
    @usableFromInline var start: Int
    @usableFromInline var length: Int

    public init() {
        base = nil
        capacity = 0
        start = 0
        length = 0
    }

    deinit { base?.deallocate() }

    @inlinable public var count: Int { length }
    @inlinable public var isEmpty: Bool { length == 0 }

    /// The bytes in the queue. Valid until the next mutation.
    @inlinable public var bytes: UnsafeRawBufferPointer {
        guard let base else { return UnsafeRawBufferPointer(start: nil, count: 0) }
        return UnsafeRawBufferPointer(start: base + start, count: count)
    }

    /// The same bytes, to be changed in place (unmasking, opening a sealed frame). Valid until the next mutation.
    @inlinable public var mutableBytes: UnsafeMutableRawBufferPointer {
        guard let base else { return UnsafeMutableRawBufferPointer(start: nil, count: 0) }
        return UnsafeMutableRawBufferPointer(start: base + start, count: count)
    }

    /// Makes room for `size` bytes at the end, and returns the place. `commit` then says how many were put there.
    public mutating func reserve(_ size: Int) -> UnsafeMutableRawPointer {
        if let base, start + count + size <= capacity { return base + start + count }
        if let base, count + size <= capacity, start >= count {
            base.copyMemory(from: base + start, byteCount: count)
            start = 0
            return base + count
        }
        var larger = max(capacity * 2, 512)
        while larger < count + size { larger *= 2 }
        let fresh = UnsafeMutableRawPointer.allocate(byteCount: larger, alignment: 16)
        if let base {
            fresh.copyMemory(from: base + start, byteCount: count)
            base.deallocate()
        }
        base = fresh
        capacity = larger
        start = 0
        return fresh + count
    }

    @inlinable public mutating func commit(_ size: Int) {
        precondition(size >= 0 && start + count + size <= capacity, "more committed than reserved")
        length += size
    }

    public mutating func append(_ bytes: UnsafeRawBufferPointer) {
        guard let from = bytes.baseAddress, bytes.count > 0 else { return }
        reserve(bytes.count).copyMemory(from: from, byteCount: bytes.count)
        length += bytes.count
    }

    public mutating func append(_ bytes: [UInt8]) { bytes.withUnsafeBytes { append($0) } }

    /// Removes the first `size` bytes.
    @inlinable public mutating func drop(_ size: Int) {
        precondition(size >= 0 && size <= count, "dropped more than there is")
        start += size
        length -= size
        if count == 0 { start = 0 }
    }

    /// Frees an empty queue's memory.
    public mutating func release() {
        guard count == 0, let base else { return }
        base.deallocate()
        self.base = nil
        capacity = 0
        start = 0
    }
}

extension Array where Element == UInt8 {
    /// Copies in bulk, also in Embedded Swift.
    public init(copying bytes: UnsafeRawBufferPointer) {
        self.init(unsafeUninitializedCapacity: bytes.count) { out, count in
            if let from = bytes.baseAddress, let to = out.baseAddress {
                UnsafeMutableRawPointer(to).copyMemory(from: from, byteCount: bytes.count)
            }
            count = bytes.count
        }
    }

    /// A part of an array, copied in the same way.
    @inline(never)
    public init(copying bytes: [UInt8], _ range: Range<Int>) {
        // In release builds, raw buffers check nothing. Slices of arrays do.
        precondition(range.lowerBound >= 0 && range.upperBound <= bytes.count, "a part of more bytes than there are")
        self = bytes.withUnsafeBytes { [UInt8](copying: UnsafeRawBufferPointer(rebasing: $0[range])) }
    }

    /// Copies in bulk, also in Embedded Swift, where it takes an array in between.
    public mutating func append(copying bytes: UnsafeRawBufferPointer) {
        #if hasFeature(Embedded)
            append(contentsOf: [UInt8](copying: bytes))
        #else
            append(contentsOf: bytes)
        #endif
    }

    /// Appends a part of an array in the same way.
    public mutating func append(copying bytes: [UInt8], _ range: Range<Int>) {
        #if hasFeature(Embedded)
            append(contentsOf: [UInt8](copying: bytes, range))
        #else
            append(contentsOf: bytes[range])
        #endif
    }

    /// A literal's UTF-8. `[UInt8]("…".utf8)` would bring the standard library's strings into the page's module.
    public init(utf8 text: StaticString) {
        self.init(copying: UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }
}
