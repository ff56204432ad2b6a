import Foundation

/// The seeds of a test that runs many: `CAUSEWAY_SEED` chooses one, the environment's `variable` says how many; else there are a few.
func seeds(_ few: UInt64, variable: String = "CAUSEWAY_SEEDS") -> [UInt64] {
    let environment = ProcessInfo.processInfo.environment
    if let one = environment["CAUSEWAY_SEED"].flatMap(UInt64.init) { return [one] }
    return Array(1...(environment[variable].flatMap(UInt64.init) ?? few))
}
