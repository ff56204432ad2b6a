import CausewayIdentity
import Testing

@testable import CausewayConnection

/// Two ends of a resumable stream, and lines between them that break.
private struct Line {
    var ends = [Resumption(), Resumption()]
    var heard: [[UInt8]] = [[], []]
    /// What is on its way to each end.
    var flying: [[UInt8]] = [[], []]

    /// A new line: both say how far they have received.
    mutating func resume() throws {
        flying = [[], []]
        let positions = ends.map(\.received)
        try ends[0].resume(remoteReceived: positions[1])
        try ends[1].resume(remoteReceived: positions[0])
    }

    mutating func send(from one: Int) -> Bool {
        guard let output = ends[one].nextOutput() else { return false }
        flying[1 - one] += output
        return true
    }

    mutating func deliver(to one: Int, _ count: Int) throws {
        let chunk = Array(flying[one].prefix(count))
        flying[one].removeFirst(chunk.count)
        var bytes: [UInt8] = []
        let reset = try ends[one].receive(chunk) { bytes += $0 }
        #expect(reset == nil)
        heard[one] += bytes
        ends[one].consume(bytes.count)
    }

    mutating func settle() throws {
        while send(from: 0) || send(from: 1) || !flying[0].isEmpty || !flying[1].isEmpty {
            for one in 0...1 { try deliver(to: one, .max) }
        }
    }
}

@Suite struct ResumptionTests {
    @Test func bytesAndEndsArriveAndAreConfirmed() throws {
        var line = Line()
        line.ends[0].write([UInt8].pattern(200_000)[...])
        line.ends[1].write([1, 2, 3])
        try line.settle()
        #expect(line.heard[1] == .pattern(200_000) && line.heard[0] == [1, 2, 3])
        #expect(line.ends[0].unconfirmed <= 64 << 10 && !line.ends[0].isDelivered)
        for one in 0...1 { line.ends[one].finish() }
        try line.settle()
        #expect(line.ends.allSatisfy { $0.isDelivered && $0.isComplete && $0.unconfirmed == 0 && !$0.awaitsConfirmation })
    }

    /// Lines break anywhere, again and again, with bytes on their way in both directions: all arrives once and in order.
    @Test(arguments: 0..<50) func linesThatBreakLoseNothing(seed: UInt64) throws {
        var random = SplitMix(seed: seed)
        var line = Line()
        let texts: [[UInt8]] = [.pattern(Int(random.next() % 400_000)), .pattern(Int(random.next() % 90_000))]
        var written = [0, 0]
        for _ in 0..<400 {
            let one = Int(random.next() % 2)
            switch random.next() % 8 {
            case 0, 1:
                let count = min(Int(random.next() % 9000), texts[one].count - written[one])
                line.ends[one].write(texts[one][written[one]..<written[one] + count])
                written[one] += count
            case 2, 3: _ = line.send(from: one)
            case 7: try line.resume()
            default: try line.deliver(to: one, Int(random.next() % 70_000))
            }
        }
        for one in 0...1 {
            line.ends[one].write(texts[one][written[one]...])
            line.ends[one].finish()
        }
        _ = line.send(from: 0)
        try line.deliver(to: 1, 100)
        try line.resume()
        try line.settle()
        #expect(line.heard[0] == texts[1], "seed \(seed)")
        #expect(line.heard[1] == texts[0], "seed \(seed)")
        #expect(line.ends.allSatisfy { $0.isComplete }, "seed \(seed)")
    }

    @Test func aLineThatBreaksAfterTheEndConfirmsItByTheNextOne() throws {
        var line = Line()
        line.ends[0].write([1])
        for one in 0...1 { line.ends[one].finish() }
        _ = line.send(from: 0)
        try line.deliver(to: 1, .max)
        // The confirmation is lost.
        _ = line.send(from: 1)
        try line.resume()
        #expect(!line.ends[0].isDelivered)
        try line.settle()
        #expect(line.ends.allSatisfy { $0.isComplete } && line.heard[1] == [1])
    }

    @Test func smallWritesAreKeptTogether() throws {
        var one = Resumption()
        for _ in 0..<100_000 { one.write([7]) }
        #expect(one.unconfirmed == 100_000 && one.pieces <= 26)
    }

    /// What the application wrote at once is released as it is confirmed.
    @Test func largeWritesAreReleasedPieceByPiece() throws {
        var one = Resumption()
        one.write([UInt8].pattern(1 << 20)[...])
        while one.nextOutput() != nil {}
        _ = try one.receive([1, 0, 0, 8, 0, 0, 0, 0, 0, 0x0f, 0x42, 0x40]) { _ in }
        #expect(one.unconfirmed == 48_576 && one.keptBytes <= one.unconfirmed + 64 << 10)
        one.reset(code: 0)
        #expect(one.keptBytes == 0)
    }

    @Test func littleIsConfirmedOnlyWhenItIsAskedFor() throws {
        var line = Line()
        line.ends[0].write([1, 2, 3])
        try line.settle()
        #expect(line.ends[0].unconfirmed == 3)
        line.ends[1].confirmNow()
        try line.settle()
        #expect(line.ends[0].unconfirmed == 0 && !line.ends[0].awaitsConfirmation)
        line.ends[0].write([4])
        try line.settle()
        #expect(line.ends[0].unconfirmed == 1)
    }

    @Test(arguments: [1, 100_002, UInt64.max]) func aRemoteCannotHaveReceivedWhatWasNotSent(position: UInt64) throws {
        var one = Resumption()
        one.write([UInt8].pattern(100_000)[...])
        if position < 100_000 {
            #expect(throws: ResumptionFault.impossiblePosition) { try one.resume(remoteReceived: position) }
        }
        while one.nextOutput() != nil {}
        if position > 100_000 {
            #expect(throws: ResumptionFault.impossiblePosition) { try one.resume(remoteReceived: position) }
        }
        _ = try one.receive([1, 0, 0, 8, 0, 0, 0, 0, 0, 1, 0, 0]) { _ in }
        // It had confirmed more.
        #expect(throws: ResumptionFault.impossiblePosition) { try one.resume(remoteReceived: 65_535) }
        try one.resume(remoteReceived: 65_536)
    }

    /// A side never waits to take what arrives, so the other has to keep to the window.
    @Test func moreThanTheWindowIsRefused() throws {
        var (one, two) = (Resumption(), Resumption())
        one.write([UInt8](repeating: 1, count: Resumption.window)[...])
        while let output = one.nextOutput() { _ = try two.receive(output) { _ in } }
        one.write([2])
        let output = one.nextOutput() ?? []
        #expect(throws: ResumptionFault.tooMuchUnconfirmed) { _ = try two.receive(output) { _ in } }
    }

    /// Both sides write as much as they may, and read only when that is done: each takes what arrives meanwhile.
    @Test func nobodyWaitsForWhoWaitsForHim() throws {
        var line = Line()
        for one in 0...1 { line.ends[one].write([UInt8](repeating: 1, count: Resumption.window)[...]) }
        try line.settle()
        #expect(line.heard.allSatisfy { $0.count == Resumption.window })
        #expect(line.ends.allSatisfy { $0.unconfirmed < 64 << 10 })
    }

    @Test(
        arguments: [
            [4, 0, 0, 0],  // no such kind
            [0, 0, 0, 0],  // no data
            [0, 1, 0, 0],  // too much data
            [1, 0, 0, 7], [2, 0, 0, 1], [3, 0, 0, 0],  // wrong lengths
            [2, 0, 0, 0, 2, 0, 0, 0],  // two ends
            [2, 0, 0, 0, 0, 0, 0, 1, 9],  // data after the end
        ] as [[UInt8]]) func whatIsNoFrameIsRefused(bytes: [UInt8])
    {
        var one = Resumption()
        #expect(throws: ResumptionFault.malformed) { _ = try one.receive(bytes) { _ in } }
    }

    @Test func aConfirmationOfMoreThanWasSentIsRefused() {
        var one = Resumption()
        #expect(throws: ResumptionFault.impossiblePosition) {
            _ = try one.receive([1, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 1]) { _ in }
        }
    }

    @Test func aResetIsAllThatIsSentAndTellsItsCode() throws {
        var (one, two) = (Resumption(), Resumption())
        one.write([1, 2, 3])
        one.reset(code: 0x0102_0304)
        let output = one.nextOutput() ?? []
        let code = try two.receive(output) { _ in Issue.record("no data") }
        #expect(code == 0x0102_0304)
        #expect(one.hasEnded)
    }

    @Test func messagesThatBeginAreReadBack() throws {
        let opening = ResumptionFrame.Opening(isNew: true, token: .pattern(16), received: 0x0102_0304_0506_0708)
        #expect(try ResumptionFrame.Opening(opening.bytes) == opening && opening.bytes.count == ResumptionFrame.Opening.size)
        #expect(throws: ResumptionFault.malformed) { try ResumptionFrame.Opening([2] + opening.bytes.dropFirst()) }
        #expect(throws: ResumptionFault.malformed) { try ResumptionFrame.Opening(opening.bytes.dropLast()) }
        for refusal in [nil, .unknownStream, .tooManyStreams, .impossiblePosition] as [ResumptionFault?] {
            let answer = ResumptionFrame.Answer(refusal: refusal, received: 5)
            #expect(try ResumptionFrame.Answer(answer.bytes) == answer && answer.bytes.count == ResumptionFrame.Answer.size)
        }
        #expect(throws: ResumptionFault.malformed) { try ResumptionFrame.Answer([4, 0, 0, 0, 0, 0, 0, 0, 0]) }
    }
}
