public import CausewayConnection
import CausewayIdentity
public import CausewayNode

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A world of hosts, links and nodes in virtual time, in one thread. Everything in it follows from one seed.
///
///     let simulation = Simulation(seed: 1)
///     let relay = try simulation.addNode("relay", ip: [203, 0, 113, 1]) { $0.relay = true }
///     let alice = try simulation.addNode("alice", ip: [198, 51, 100, 7])
///     alice.connect(to: relay)
///     try simulation.run(until: "alice is connected", timeout: .seconds(5)) { alice.isConnected(to: relay) }
///
/// Nothing sleeps: an hour of heartbeats takes as long as the work that is done in it. The environment variable `CAUSEWAY_SEED` replaces
/// the seed, so that a failure's `repeatCommand` runs it again. `CAUSEWAY_TRACE=1` prints every event.
public final class Simulation: CustomStringConvertible {
    /// The seed from which everything random follows.
    public let seed: UInt64
    /// The name of the test or program, for `repeatCommand`.
    public let name: String
    /// Everything that has happened so far.
    public internal(set) var trace: SimulationTrace
    /// Virtual time since the start.
    public private(set) var now = Instant(nanoseconds: 0)
    /// Unix time in nanoseconds at the start, 2026-01-01. A host adds its own `clockOffset`.
    public let unixEpoch: UInt64 = 1_767_225_600_000_000_000
    /// How many events have run so far.
    public private(set) var steps: UInt64 = 0

    private var companions: [ObjectIdentifier: AnyObject] = [:]
    private var heap = EventHeap()
    private var sequence: UInt64 = 0
    private var ties: RandomSource?
    private let printsTrace: Bool

    /// - Parameters:
    ///   - seed: The seed from which everything random follows, unless `CAUSEWAY_SEED` is set.
    ///   - shufflesTies: Whether events of the same nanosecond run in a random order instead of the order of scheduling.
    ///   - keepsLines: Whether `trace.lines` is kept.
    ///   - name: The test's name, for the command that repeats it.
    public init(seed: UInt64, shufflesTies: Bool = false, keepsLines: Bool = false, name: String = #function) {
        let seed = Self.environment("CAUSEWAY_SEED").flatMap { UInt64($0) } ?? seed
        self.seed = seed
        self.name = String(name.prefix { $0 != "(" })
        trace = SimulationTrace(keepsLines: keepsLines)
        printsTrace = Self.environment("CAUSEWAY_TRACE") != nil
        if shufflesTies { ties = random("ties") }
    }

    /// What another room keeps with the simulation: its one object of a type, made at the first call. So the kernel knows no other room.
    func companion<Companion: AnyObject>(_ make: () -> Companion) -> Companion {
        let type = ObjectIdentifier(Companion.self)
        if let companion = companions[type] as? Companion { return companion }
        let companion = make()
        companions[type] = companion
        return companion
    }

    // MARK: Randomness

    /// A random source for `label`. Each label has its own, so drawing more in one place changes nothing in another.
    public func random(_ label: String) -> RandomSource {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in label.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        var mixed = RandomSource(seed: seed ^ hash)
        return RandomSource(seed: mixed.next())
    }

    // MARK: Time

    /// Runs `action` at a moment, or now if that moment has passed.
    public func schedule(at moment: Instant, _ action: @escaping () -> Void) {
        sequence += 1
        let tie = ties?.next() ?? 0
        heap.insert(EventHeap.Event(time: max(moment, now).nanoseconds, tie: tie, sequence: sequence, action: action))
    }

    /// Runs `action` after an interval.
    public func schedule(after interval: Interval, _ action: @escaping () -> Void) { schedule(at: now + interval, action) }

    /// Runs the next event, and returns whether there was one.
    @discardableResult
    public func step() -> Bool {
        guard let event = heap.removeSoonest() else { return false }
        now = Instant(nanoseconds: event.time)
        steps += 1
        event.action()
        return true
    }

    /// Lets an interval pass.
    public func run(for interval: Interval) {
        let end = now + interval
        while let next = heap.soonest, next <= end.nanoseconds { step() }
        now = end
    }

    /// Runs until a condition holds. The condition is checked after each event.
    /// - Throws: `SimulationFailure` if it does not hold within `timeout`. The failure is also printed, with the command that repeats the
    ///   run.
    public func run(
        until expected: String, timeout: Interval, found: @autoclosure () -> String = "", _ condition: () -> Bool
    ) throws(SimulationFailure) {
        let end = now + timeout
        while !condition() {
            guard let next = heap.soonest, next <= end.nanoseconds else {
                now = end
                guard !condition() else { return }
                throw failure(expected, found: found())
            }
            step()
        }
    }

    /// Fails with the command that repeats the run unless `condition` holds.
    public func check(_ condition: Bool, _ expected: String, found: @autoclosure () -> String = "") throws(SimulationFailure) {
        guard condition else { throw failure(expected, found: found()) }
    }

    private func failure(_ expected: String, found: String) -> SimulationFailure {
        let failure = SimulationFailure(
            expected: expected, found: found, atSeconds: now.nanoseconds / 1_000_000_000, repeatCommand: repeatCommand)
        print("\(name): \(failure)")
        return failure
    }

    // MARK: Trace

    /// The command that repeats this run.
    public var repeatCommand: String { "CAUSEWAY_SEED=\(seed) swift test --filter '\(name)'" }

    /// How to repeat this run. Use it as the comment of an expectation.
    public var description: String { "repeat with: \(repeatCommand)" }

    /// Adds a line of your own to the trace.
    public func note(_ who: String, _ what: String) {
        trace.note(now.nanoseconds, who, what)
        if printsTrace { print("\(now.nanoseconds / 1000) us \(who): \(what)") }
    }

    func note(_ who: String, delivered bytes: UnsafeRawBufferPointer) { trace.note(now.nanoseconds, who, delivered: bytes) }

    private static func environment(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
}
