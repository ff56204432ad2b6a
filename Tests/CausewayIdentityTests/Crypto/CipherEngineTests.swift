import CausewayIdentity
import Foundation
import Testing

@Suite struct CipherEngineTests {
    /// Scripts/install.sh brings libgcrypt to where tests run, though a node does without.
    @Test(arguments: CipherEngine.allCases) func usesTheEngineThatWasAskedForOnThisThreadAlone(_ engine: CipherEngine) {
        let chosen = CipherEngine.current
        let elsewhere = engine.use {
            #expect(CipherEngine.current == engine)
            return Self.onAnotherThread { CipherEngine.current }
        }
        #expect(elsewhere == chosen, "another thread was told, or \(engine.rawValue) is not installed")
        #expect(CipherEngine.current == chosen)
    }

    /// Many threads that need the choice at once get the same one, and their messages understand each other.
    @Test func allThreadsChooseAlike() {
        let key = CipherKey(Secret([UInt8](repeating: 7, count: 32)))
        let threads = (0..<8).map { number in
            Self.start { (CipherEngine.current, key.seal([1, 2, 3], counter: UInt64(number))) }
        }
        for (number, thread) in threads.enumerated() {
            let (engine, sealed) = thread()
            #expect(engine == CipherEngine.current)
            #expect(key.open(sealed, counter: UInt64(number)) == [1, 2, 3])
        }
    }

    /// Both seal to the same bytes, in one piece, in two and in place, open each other's, and refuse the same forgeries.
    @Test func bothEnginesAgree() throws {
        var random = SystemRandomNumberGenerator()
        let seed = UInt64.random(in: 0...UInt64.max, using: &random)
        var source = SplitMix(state: ProcessInfo.processInfo.environment["CAUSEWAY_SEED"].flatMap { UInt64($0) } ?? seed)
        for round in 0..<600 {
            let size = round < 200 ? round : Int.random(in: 0...(round % 8 == 0 ? 65_519 : 3000), using: &source)
            let key = CipherKey(Secret(source.bytes(32)))
            let ad = source.bytes(round % 3 == 0 ? Int.random(in: 1...100, using: &source) : 0)
            let message = source.bytes(size)
            let cut = Int.random(in: 0...size, using: &source)
            let counter = UInt64.random(in: 0..<(.max), using: &source)
            let sealed = try CipherEngine.allCases.map { engine in
                try #require(engine.use { Self.seal(message, cutAt: cut, key, counter, ad) }, "\(engine.rawValue) is not installed")
            }
            let hint = "\(size) bytes cut at \(cut), seed \(seed)"
            try #require(sealed[0] == sealed[1], "\(hint)")
            var forged = sealed[0]
            forged[Int.random(in: 0..<forged.count, using: &source)] ^= 1 << UInt8.random(in: 0..<8, using: &source)
            for engine in CipherEngine.allCases {
                try #require(engine.use { key.seal(message, counter: counter, ad: ad) } == sealed[0], "\(hint)")
                try #require(engine.use { key.open(sealed[0], counter: counter, ad: ad) } == message, "\(hint)")
                try #require(engine.use { key.open(forged, counter: counter, ad: ad) } == .some(nil), "\(hint)")
                try #require(engine.use { key.open(sealed[0], counter: counter &+ 1, ad: ad) } == .some(nil), "\(hint)")
                try #require(engine.use { key.open(sealed[0], counter: counter, ad: ad + [0]) } == .some(nil), "\(hint)")
            }
        }
    }

    private static func seal(_ message: [UInt8], cutAt cut: Int, _ key: CipherKey, _ counter: UInt64, _ ad: [UInt8]) -> [UInt8] {
        var out = [UInt8](repeating: 0, count: message.count + CipherKey.tagLength)
        out.withUnsafeMutableBytes { out in
            message.withUnsafeBytes { message in
                ad.withUnsafeBytes { ad in
                    key.seal(
                        into: out.baseAddress!, counter: counter, ad: ad, head: UnsafeRawBufferPointer(rebasing: message[..<cut]),
                        body: UnsafeRawBufferPointer(rebasing: message[cut...]))
                }
            }
        }
        return out
    }

    private static func onAnotherThread<T: Sendable>(_ body: @escaping @Sendable () -> T) -> T { start(body)() }

    /// Starts a thread. What is returned waits for its result.
    private static func start<T: Sendable>(_ body: @escaping @Sendable () -> T) -> () -> T {
        let done = DispatchSemaphore(value: 0)
        nonisolated(unsafe) var result: T?
        Thread {
            result = body()
            done.signal()
        }.start()
        return {
            done.wait()
            return result!
        }
    }
}

private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) } }
}
