/// A condition that did not come true in its time, or a check that failed; with the command that repeats the run.
public struct SimulationFailure: Error, CustomStringConvertible {
    /// What was waited for, or checked.
    public let expected: String
    /// What the caller said of the state that was found instead; empty if nothing.
    public let found: String
    /// Virtual seconds since the simulation's start.
    public let atSeconds: UInt64
    /// Sets the seed and runs the test again.
    public let repeatCommand: String

    public var description: String {
        let found = found.isEmpty ? "" : ", found \(found)"
        return "after \(atSeconds) s of simulation: expected \(expected)\(found)\n    repeat with: \(repeatCommand)"
    }
}
