import CausewayIdentity
import Testing

@Suite struct PieceQueueTests {
    private func take(_ queue: inout PieceQueue) -> [[UInt8]] {
        var pieces: [[UInt8]] = []
        while let piece = queue.takeFirst() { pieces.append(piece) }
        return pieces
    }

    @Test func aFewPiecesStayAsTheyCame() {
        var queue = PieceQueue(keptApart: 64)
        let sent = (0..<64).map { [UInt8](repeating: UInt8($0), count: $0 % 5 + 1) }
        for piece in sent { piece.withUnsafeBytes { queue.append($0) } }
        #expect(take(&queue) == sent)
        #expect(queue.isEmpty && queue.count == 0)
    }

    /// What an array takes: its head and all that it has room for.
    @Test(arguments: [1, 2, 50, 1000, 4095, 4097, 32_768]) func whatWaitsTakesNoMoreThanTwiceItsSize(size: Int) {
        var queue = PieceQueue(keptApart: 64)
        let piece = (0..<size).map { UInt8(truncatingIfNeeded: $0) }
        let count = (1 << 20) / size
        for _ in 0..<count { piece.withUnsafeBytes { queue.append($0) } }
        #expect(queue.count == count * size)
        let pieces = take(&queue)
        let memory = pieces.reduce(0) { $0 + $1.capacity + 48 + 8 }
        #expect(memory <= 2 * count * size + 8192, "\(pieces.count) pieces")
        #expect(pieces.reduce(0) { $0 + $1.count } == count * size)
    }

    /// A reader that is always one behind: nothing gathers.
    @Test func whatWasTakenIsForgotten() {
        var queue = PieceQueue(keptApart: 64)
        [UInt8(0)].withUnsafeBytes { queue.append($0) }
        for number in 1..<100_000 {
            [UInt8(truncatingIfNeeded: number)].withUnsafeBytes { queue.append($0) }
            #expect(queue.takeFirst() == [UInt8(truncatingIfNeeded: number - 1)])
        }
        #expect(MemoryLayout<PieceQueue>.size < 64 && queue.count == 1)
    }

    @Test func whatIsPutBackComesFirst() {
        var queue = PieceQueue(keptApart: 2)
        for number in 0..<5 as Range<UInt8> { [number, number].withUnsafeBytes { queue.append($0) } }
        let first = queue.takeFirst()!
        queue.putBack([first[1]])
        #expect(take(&queue).flatMap { $0 } == [0, 1, 1, 2, 2, 3, 3, 4, 4])
        queue.putBack([9])
        #expect(take(&queue) == [[9]])
    }
}
