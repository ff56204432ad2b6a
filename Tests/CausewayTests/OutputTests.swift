import Foundation
import Testing

@testable import Causeway

@Suite("Output that nobody reads in time") struct OutputTests {
    @Test func whatIsLostIsCountedAndTold() async throws {
        let pipe = Pipe()
        // More than the pipe holds, and ten lines of the hundred that follow.
        let output = Output(pipe.fileHandleForWriting.fileDescriptor, capacity: 1000)
        output.tellLosses { "lost \($0)\n" }
        let filling = String(repeating: "x", count: 1 << 20) + "\n"
        output.write(filling)
        // Until it is on its way, and what follows waits.
        let first = try #require(try pipe.fileHandleForReading.read(upToCount: 1))
        for number in 0..<100 { output.write(String(repeating: "\(number % 10)", count: 99) + "\n") }
        #expect(output.flush(within: 1) > 1)
        let reading = read(pipe)
        #expect(output.flush(within: nil) == 0)
        try pipe.fileHandleForWriting.close()
        let lines = String(decoding: first + (await reading.value), as: UTF8.self).split(separator: "\n")
        let told = lines.filter { $0.hasPrefix("lost ") }.compactMap { Int($0.dropFirst(5)) }
        #expect(lines.count - told.count - 1 + told.reduce(0, +) == 100 && told.reduce(0, +) > 80, "\(lines.count) \(told)")
    }

    @Test func roomIsWhereLittleWaits() async throws {
        let pipe = Pipe()
        let output = Output(pipe.fileHandleForWriting.fileDescriptor)
        await output.room()
        for _ in 0..<8 { output.write(String(repeating: "x", count: 1 << 20)) }
        let reading = read(pipe)
        await output.room()
        output.flush(within: nil)
        try pipe.fileHandleForWriting.close()
        #expect(await reading.value.count == 8 << 20)
    }

    /// A thread of its own reads everything.
    private func read(_ pipe: Pipe) -> Task<Data, Never> {
        let (stream, continuation) = AsyncStream<Data>.makeStream()
        Thread.detachNewThread {
            continuation.yield((try? pipe.fileHandleForReading.readToEnd()) ?? Data())
            continuation.finish()
        }
        return Task { await stream.first { _ in true } ?? Data() }
    }
}
