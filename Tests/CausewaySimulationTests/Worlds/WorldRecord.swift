import CausewayConnection
import CausewayIdentity
import CausewayNode
import CausewaySimulation

/// What was asked for in a drawn world, for its checkers.
struct WorldRecord {
    /// Something that a node was asked for.
    struct Asked {
        let who: Int
        let what: String
        let at: Instant
        /// The longest time that its answer may take.
        let patience: Interval
        let request: SimulatedRequest
    }

    /// A stream that was opened; the far end shows by the protocol's name, which no other stream has.
    struct Opened {
        let number: Int
        let opener: Int
        let target: Int
        let script: StreamScript
        let answer: StreamScript
        let end: SimulatedStream
    }

    /// A message, which its data tells from others.
    struct Published {
        let author: Int
        let topic: String
        let data: [UInt8]
        /// Who must have it, by number; nil: it was published among faults, and nobody must.
        let recipients: Set<Int>?
    }

    var asked: [Asked] = []
    var opened: [Opened] = []
    var published: [Published] = []
    /// By actor: where in its events each of its lives begins.
    var lives: [Int: [Int]] = [:]

    static func protocolID(ofStream number: Int) -> String { "/stream/\(number)" }
}
