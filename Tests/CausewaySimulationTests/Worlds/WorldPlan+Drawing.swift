import CausewayConnection
import CausewayNode
import CausewaySimulation

// Draws who is there. What they do is `StepDrawing`'s.
extension WorldPlan {
    static let topics = ["news", "weather"]
    /// All steps are taken within this time.
    static let length = Interval.seconds(24)

    init(seed: UInt64) {
        // Apart from the streams that the simulation draws by the same seed.
        var random = RandomSource(seed: seed ^ 0x776f_726c_6473)
        self.seed = seed
        isTight = random.below(3) == 0
        var kinds: [WorldActor.Kind] = [.relay, .open, .hidden]
        if random.below(3) == 0 { kinds.append(.relay) }
        if random.below(2) == 0 { kinds.append(.open) }
        for _ in 0..<random.below(3) { kinds.append(random.below(3) == 0 ? .silent : .hidden) }
        actors = kinds.enumerated().map { Self.actor($0.offset, $0.element, &random) }
        var drawing = StepDrawing(actors: actors, random: random)
        steps = drawing.steps()
    }

    private static func actor(_ number: Int, _ kind: WorldActor.Kind, _ random: inout RandomSource) -> WorldActor {
        let latency = [2, 10, 10, 40, 120][random.below(5)]
        var line = LineConditions(
            latency: .milliseconds(UInt64(latency)), jitter: .milliseconds(UInt64(1 + random.below(latency))),
            bytesPerSecond: [100_000, 1_000_000, 12_500_000][random.below(3)])
        line.buffer = [64 << 10, 256 << 10, 1 << 20][random.below(3)]
        line.largestRead = [1 << 10, 16 << 10, 64 << 10][random.below(3)]
        let isLimited = random.below(3) == 0
        return WorldActor(
            number: number, kind: kind, line: line, transport: [.webSocket, .webRTCDirect, .tcp, .tcp][random.below(4)],
            circuit: isLimited ? CircuitLimit(bytes: 64 << 10, seconds: 30) : .unlimited,
            topics: topics.filter { _ in random.below(kind == .relay ? 5 : 3) > 0 })
    }
}
