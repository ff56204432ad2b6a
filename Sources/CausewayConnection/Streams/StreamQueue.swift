/// Numbers of streams, first in, first out. Even if it never becomes empty, it keeps at most twice the memory of its content.
struct StreamQueue {
    private var numbers: [UInt32] = []
    private var start = 0
    /// How many numbers are taken from the front before the rest moves up.
    private static let slack = 64

    var first: UInt32? { start < numbers.count ? numbers[start] : nil }

    /// The memory it holds, in numbers.
    var capacity: Int { numbers.capacity }

    mutating func append(_ number: UInt32) { numbers.append(number) }

    mutating func removeFirst() {
        start += 1
        if start == numbers.count {
            self = StreamQueue()
        } else if start >= Self.slack, start * 2 >= numbers.count {
            numbers = Array(numbers[start...])
            start = 0
        }
    }
}
