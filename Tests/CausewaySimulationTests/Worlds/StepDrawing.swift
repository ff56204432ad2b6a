import CausewayConnection
import CausewayNode
import CausewaySimulation

/// Draws what happens to some actors.
struct StepDrawing {
    /// How long after its making a connection is first used at the latest.
    private static let use = Interval.seconds(4)

    let actors: [WorldActor]
    var random: RandomSource
    /// Who was told to connect to whom, so that what needs a connection is likely to find one.
    private var pairs: [(Int, Int)] = []
    private var streams = 0
    private var drawn: [WorldPlan.Step] = []

    init(actors: [WorldActor], random: RandomSource) {
        self.actors = actors
        self.random = random
    }

    mutating func steps() -> [WorldPlan.Step] {
        for actor in actors where actor.kind != .relay && random.below(6) > 0 { settle(actor) }
        for _ in 0..<15 + random.below(25) {
            let at = moment(from: 500, to: WorldPlan.length.milliseconds - Self.use.milliseconds)
            let isNew = pairs.count
            for deed in deeds() { add(deed, at: at) }
            if pairs.count > isNew { use(pairs[isNew], after: at) }
        }
        let inOrder = drawn.enumerated().sorted { ($0.element.at, $0.offset) < ($1.element.at, $1.offset) }
        return inOrder.map(\.element)
    }

    /// A place in the network, in its first second.
    private mutating func settle(_ actor: WorldActor) {
        let relay = one { $0.kind == .relay }
        pairs.append((actor.number, relay))
        add(actor.kind == .open ? .connect(actor.number, to: relay) : .reserve(actor.number, at: relay), at: moment(from: 0, to: 1000))
    }

    /// A connection is soon used, more often than not.
    private mutating func use(_ pair: (Int, Int), after at: Interval) {
        let pair = random.below(2) == 0 ? pair : (pair.1, pair.0)
        let soon = Interval(nanoseconds: at.nanoseconds + moment(from: 300, to: Self.use.milliseconds).nanoseconds)
        switch random.below(6) {
        case 0..<3: add(stream(between: pair), at: soon)
        case 3: add(.ping(pair.0, pair.1), at: soon)
        default: break
        }
    }

    private mutating func add(_ deed: WorldDeed, at: Interval) { drawn.append(WorldPlan.Step(at: at, deed: deed)) }

    private mutating func moment(from start: UInt64, to end: UInt64) -> Interval {
        .milliseconds(start + UInt64(random.below(Int(end - start))))
    }

    private mutating func one(where fits: (WorldActor) -> Bool = { _ in true }) -> Int {
        let fitting = actors.filter(fits)
        return fitting[random.below(fitting.count)].number
    }

    private mutating func pair() -> (Int, Int) {
        guard !pairs.isEmpty, random.below(5) > 0 else { return strangers() }
        let pair = pairs[random.below(pairs.count)]
        return random.below(2) == 0 ? pair : (pair.1, pair.0)
    }

    private mutating func strangers() -> (Int, Int) {
        let first = one()
        return (first, one { $0.number != first })
    }

    // MARK: Deeds

    private mutating func deeds() -> [WorldDeed] {
        switch random.below(20) {
        case 0..<4: connections()
        case 4..<7: circuits()
        case 7..<11: [stream(between: pair())]
        case 11..<13: [.publish(one(), topic(), size: [10, 1000, 40_000][random.below(3)])]
        case 13..<15: [request()]
        case 15: [membership()]
        case 16: [disturbance(of: random.below(max(streams, 1)))]
        default: [fault()]
        }
    }

    /// One dials the other, or both do in nearly the same instant.
    private mutating func connections() -> [WorldDeed] {
        let first = one()
        // Few dials lead to hosts that let nobody in: each of them takes its whole time.
        let isVain = random.below(10) == 0
        let second = one { $0.number != first && ($0.isReachable || isVain) }
        pairs.append((first, second))
        return random.below(3) == 0 ? [.connect(first, to: second), .connect(second, to: first)] : [.connect(first, to: second)]
    }

    private mutating func circuits() -> [WorldDeed] {
        let relay = one { $0.kind == .relay }
        let first = one { $0.number != relay }
        let second = one { $0.number != relay && $0.number != first }
        pairs.append((first, second))
        let forth = WorldDeed.connectThrough(relay: relay, first, to: second)
        return random.below(3) == 0 ? [forth, .connectThrough(relay: relay, second, to: first)] : [forth]
    }

    private mutating func stream(between pair: (Int, Int)) -> WorldDeed {
        let (first, second) = pair
        let size = UInt64([1, 3000, 50_000, 300_000][random.below(4)])
        let scripts: [(StreamScript, StreamScript)] = [
            (.send(size), .echo), (.send(size), .sink), (.sink, .send(size)), (.send(size), .send(size / 2)), (.keep, .keep),
        ]
        let (script, answer) = scripts[random.below(scripts.count)]
        streams += 1
        return .openStream(streams - 1, opener: first, to: second, script, answeredBy: answer)
    }

    private mutating func request() -> WorldDeed {
        let relay = one { $0.kind == .relay }
        let first = one { $0.number != relay }
        let (second, third) = pair()
        switch random.below(6) {
        case 0, 1: return .ping(second, third)
        case 2: return .cancel(one())
        case 3: return .hangUp(second, third)
        case 4: return .release(first, at: relay)
        default: return .reserve(first, at: relay)
        }
    }

    private mutating func topic() -> String { WorldPlan.topics[random.below(WorldPlan.topics.count)] }

    private mutating func membership() -> WorldDeed { random.below(2) == 0 ? .join(one(), topic()) : .leave(one(), topic()) }

    private mutating func disturbance(of stream: Int) -> WorldDeed {
        let atOpener = random.below(2) == 0
        guard random.below(3) > 0 else { return .resetStream(stream, atOpener: atOpener) }
        return .pause(stream: stream, atOpener: atOpener, moment(from: 100, to: 8000))
    }

    private mutating func fault() -> WorldDeed {
        let (first, second) = pair()
        let time = moment(from: 50, to: 12_000)
        switch random.below(6) {
        case 0: return .crash(first, silently: false, time)
        case 1: return .crash(first, silently: true, time)
        case 2: return .cut(first, second)
        case 3: return .silence(first, second)
        case 4: return .clog(first, second, time)
        default: return .shut(first, time)
        }
    }
}
