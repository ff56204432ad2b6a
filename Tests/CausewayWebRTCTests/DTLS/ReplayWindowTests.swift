import CausewayWebRTC
import Testing

@Suite struct ReplayWindowTests {
    @Test func eachNumberOnce() {
        var window = ReplayWindow()
        for number: UInt64 in [0, 1, 5, 3, 4, 2, 70, 69, 7, 133] {
            #expect(window.isFresh(number), "\(number)")
            window.insert(number)
            #expect(!window.isFresh(number), "\(number)")
        }
    }

    @Test func whatIsTooOldCountsAsSeen() {
        var window = ReplayWindow()
        window.insert(100)
        #expect(window.isFresh(37) && !window.isFresh(36) && !window.isFresh(0))
        window.insert(1 << 48 - 1)
        #expect(!window.isFresh(100) && window.isFresh(1 << 48 - 64))
        window.insert(.max)
        #expect(window.isFresh(.max - 1) && !window.isFresh(.max))
        window.insert(3)
        #expect(!window.isFresh(3))
    }

    /// Against a set that forgets nothing.
    @Test func asASetDoes() {
        var window = ReplayWindow()
        var all: Set<UInt64> = []
        var state: UInt64 = 9
        for _ in 0..<20_000 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let highest = all.max() ?? 0
            let number = highest &+ (state >> 33) % 80 &- min(highest, 50)
            #expect(window.isFresh(number) == (!all.contains(number) && (number > highest || highest - number < 64)))
            window.insert(number)
            all.insert(number)
            if all.count > 200 { all = all.filter { $0 + 100 > highest } }
        }
    }
}
