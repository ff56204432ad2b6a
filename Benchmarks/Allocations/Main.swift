import Causeway
import CountedMalloc

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// What usual work costs, all its nodes together, in one process over loopback: Benchmarks/allocations.sh, and instructions.py under
/// Callgrind.
///
/// Allocations hardly differ from run to run, nor from machine to machine, so each work has a bound. `--check` fails above one.
@main
struct Main {
    /// Not `async`: Valgrind does not survive how the main thread ends then.
    static func main() {
        Task.detached {
            do { exit(try await run() ? 0 : 1) } catch { fatalError("\(error)") }
        }
        while true { pause() }
    }

    /// Returns false if a work is above its bound, and bounds are to be checked.
    private static func run() async throws -> Bool {
        let checks = CommandLine.arguments.contains("--check")
        let wanted = CommandLine.arguments.dropFirst().filter { !$0.hasPrefix("-") }
        var isOver = false
        print("| work | allocations | at most | CPU µs |")
        print("|---|---|---|---|")
        for work in works where wanted.isEmpty || wanted.contains(where: { work.name.contains($0) }) {
            let cost = try await work.cost()
            print("| \(work.name) | \(cost.allocations.rounded(1)) | \(work.bound) | \(cost.microseconds.rounded(1)) |")
            if cost.allocations > work.bound { isOver = true }
        }
        return !checks || !isOver
    }
}

/// Some work, measured for each of its units.
struct Work {
    let name: String
    /// The most allocations that a unit may cost.
    let bound: Double
    /// Does the work, and passes what is to be measured to `Meter.measure`.
    let body: @Sendable (Meter) async throws -> Void

    func cost() async throws -> Meter.Cost {
        let meter = Meter(name)
        try await body(meter)
        return meter.cost
    }
}

/// Measures one piece of work.
final class Meter: @unchecked Sendable {
    struct Cost {
        var allocations = 0.0
        var microseconds = 0.0
    }
    /// By one task, before others read it.
    private(set) var cost = Cost()
    private let name: String

    init(_ name: String) { self.name = name }

    /// Does the work so many times. Each time it makes `each` units.
    func measure(_ times: Int, each: Int = 1, _ work: (Int) async throws -> Void) async throws {
        let times = counted_is_simulated() == 0 ? times : times / 10
        let units = times * each
        counted_begin()
        let (allocations, time) = (counted_allocations(), Self.processorTime())
        try await work(times)
        counted_end("\(name)|\(units)")
        cost.microseconds = (Self.processorTime() - time) / Double(units)
        cost.allocations = Double(counted_allocations() - allocations) / Double(units)
    }

    private static func processorTime() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) * 1e6 + Double(time.tv_nsec) / 1e3
    }
}

extension Double {
    fileprivate func rounded(_ digits: Int) -> String {
        let factor = digits == 1 ? 10.0 : 1.0
        return "\((self * factor).rounded() / factor)"
    }
}
