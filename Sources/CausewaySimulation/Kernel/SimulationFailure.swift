/// A condition that did not become true in time, or a check that failed, with the command that repeats the run.
public struct SimulationFailure: Error, CustomStringConvertible {
    /// The condition that was awaited or checked.
    public let expected: String
    /// What the caller said about the actual state. Empty: nothing.
    public let found: String
    /// Virtual seconds since the simulation's start.
    public let atSeconds: UInt64
    /// The command that sets the seed and runs the test again.
    public let repeatCommand: String

    public var description: String {
        let found = found.isEmpty ? "" : ", found \(found)"
        return "after \(atSeconds) s of simulation: expected \(expected)\(found)\n    repeat with: \(repeatCommand)"
    }
}
