import CausewayNode
import CausewaySimulation

/// What befalls a phone in 24 hours, drawn from a seed: it sleeps, changes its network, and NATs and relays restart.
struct DayPlan {
    enum Deed: Equatable {
        /// Programs are held for a while, or the whole machine is suspended.
        case sleep(isSuspended: Bool)
        case wake(isSuspended: Bool)
        case join(DayNetwork)
        /// The router that the phone stands behind loses all mappings.
        case restartRouter
        case stopRelay(Int)
        case startRelay(Int)
    }

    struct Step {
        /// Seconds since the day began.
        let at: Int
        let deed: Deed
    }

    static let length = 24 * 3600
    private static let nightFrom = 16 * 3600
    /// In the order of their time.
    private(set) var steps: [Step] = []
    private var random: RandomSource

    init(_ random: RandomSource) {
        self.random = random
        drawSleep()
        drawNetworks()
        drawRestarts()
        steps = steps.enumerated().sorted { ($0.element.at, $0.offset) < ($1.element.at, $1.offset) }.map(\.element)
    }

    private mutating func add(_ at: Int, _ deed: Deed) { if at < Self.length { steps.append(Step(at: at, deed: deed)) } }
    private mutating func seconds(_ range: ClosedRange<Int>) -> Int { range.lowerBound + random.below(range.count) }

    /// By day it is used for minutes and sleeps for minutes, at times for an hour. At night it is suspended for hours and wakes for a short
    /// while in between. In every other sleep its router forgets it.
    private mutating func drawSleep() {
        var at = seconds(600...1800)
        while at < Self.length {
            let isNight = at >= Self.nightFrom
            let isSuspended = isNight || random.below(3) == 0
            add(at, .sleep(isSuspended: isSuspended))
            let length = isNight ? seconds(1800...10_800) : isSuspended ? seconds(600...3600) : seconds(60...900)
            if random.below(2) == 0 { add(at + seconds(1...length), .restartRouter) }
            at += length
            add(at, .wake(isSuspended: isSuspended))
            at += isNight ? seconds(20...300) : seconds(120...2400)
        }
    }

    /// Home, mobile, elsewhere, and now and then none for minutes.
    private mutating func drawNetworks() {
        var at = seconds(600...5400)
        while at < Self.nightFrom {
            if random.below(3) == 0 {
                add(at, .join(.none))
                at += seconds(20...600)
            }
            add(at, .join([.home, .mobile, .mobile, .office][random.below(4)]))
            at += seconds(300...7200)
        }
    }

    private mutating func drawRestarts() {
        for _ in 0..<seconds(2...4) { add(seconds(0...Self.length), .restartRouter) }
        for relay in 0..<2 {
            let at = seconds(600...Self.length)
            add(at, .stopRelay(relay))
            add(at + seconds(5...600), .startRelay(relay))
        }
    }
}

/// Where the phone is.
enum DayNetwork: String {
    case home, office, mobile, none
}
