/// Bytes in memory of their own that does not move, so that whoever holds the object may lend them.
final class OwnedBytes {
    let count: Int
    private let start: UnsafeMutableRawPointer

    init(copying bytes: UnsafeRawBufferPointer) {
        count = bytes.count
        start = UnsafeMutableRawPointer.allocate(byteCount: max(1, count), alignment: 1)
        if let from = bytes.baseAddress { start.copyMemory(from: from, byteCount: count) }
    }

    deinit { start.deallocate() }

    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: start, count: count) }
}
