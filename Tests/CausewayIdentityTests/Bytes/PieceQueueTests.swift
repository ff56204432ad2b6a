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

    @Test func aPartOfAPieceLeavesTheRest() {
        var queue = PieceQueue(keptApart: 2)
        for piece in [[1, 2, 3, 4], [5]] as [[UInt8]] { piece.withUnsafeBytes { queue.append($0) } }
        #expect(queue.takeFirst(atMost: 1) == [1] && queue.count == 4)
        #expect(queue.takeFirst(atMost: 2) == [2, 3] && queue.count == 2)
        // What was taken is not joined to what comes.
        [UInt8(6)].withUnsafeBytes { queue.append($0) }
        #expect(queue.takeFirst(atMost: 5) == [4] && queue.count == 2)
        #expect(queue.takeFirst() == [5, 6] && queue.isEmpty && queue.count == 0)
        #expect(queue.takeFirst(atMost: 1) == nil)
    }

    /// However it is cut on its way in and on its way out, the bytes stay the same.
    @Test(arguments: 1...20 as ClosedRange<UInt64>) func bytesStayInOrder(seed: UInt64) {
        var state = seed
        func random(_ bound: UInt64) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((state >> 33) % bound)
        }
        var queue = PieceQueue(keptApart: random(5))
        var (put, taken) = (0, 0)
        for _ in 0..<2000 {
            if random(2) == 0 {
                let piece = (0..<random(3000) + 1).map { UInt8(truncatingIfNeeded: put + $0) }
                piece.withUnsafeBytes { queue.append($0) }
                put += piece.count
            } else if let piece = queue.takeFirst(atMost: random(4000) + 1) {
                #expect(!piece.isEmpty && piece.elementsEqual(piece.indices.lazy.map { UInt8(truncatingIfNeeded: taken + $0) }))
                taken += piece.count
            }
            #expect(queue.count == put - taken && queue.isEmpty == (put == taken), "seed \(seed)")
        }
    }
}
