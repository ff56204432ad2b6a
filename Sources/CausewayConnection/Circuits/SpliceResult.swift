/// What came of a splice once both of its legs are over.
public struct SpliceResult: Equatable, Sendable {
    /// The relay's number of the circuit.
    public let circuit: UInt32
    /// Bytes from its source to its target.
    public internal(set) var sent: UInt64 = 0
    /// Bytes back.
    public internal(set) var returned: UInt64 = 0
    /// The limit that ended it; nil: something else did.
    public internal(set) var limit: LimitName?

    /// One that has moved nothing.
    public init(circuit: UInt32) { self.circuit = circuit }
}

/// Adds the ends of a splice's two legs up.
public struct SpliceTally: Sendable {
    private var result: SpliceResult
    private var ended = 0

    public init(circuit: UInt32) { result = SpliceResult(circuit: circuit) }

    /// - Returns: what came of the splice, if this was its second leg.
    public mutating func legEnded(isSource: Bool, moved: UInt64, cause: SpliceEnd) -> SpliceResult? {
        if isSource { result.sent = moved } else { result.returned = moved }
        if cause == .limit { result.limit = .circuitBytes }
        ended += 1
        return ended == 2 ? result : nil
    }
}
