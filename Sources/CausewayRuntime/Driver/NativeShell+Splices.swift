import CausewayConnection

/// The bytes that a circuit has moved.
public struct CircuitBytes: Equatable, Sendable {
    /// From its source to its target.
    public var sent: UInt64 = 0
    /// From its target to its source.
    public var returned: UInt64 = 0

    public init() {}
}

extension NativeShell {
    /// What the open circuits have moved so far, by their numbers.
    public func bytesInCircuits() async -> [UInt32: CircuitBytes] {
        let splices = await withUnsafeContinuation { continuation in
            first.loop.run { continuation.resume(returning: Array(self.splices.values)) }
        }
        var moved: [UInt32: CircuitBytes] = [:]
        for linkLoop in linkLoops {
            let here = splices.filter { $0.source.linkLoop === linkLoop || $0.target.linkLoop === linkLoop }
            guard !here.isEmpty else { continue }
            let counts = await withUnsafeContinuation { continuation in
                linkLoop.loop.run {
                    continuation.resume(
                        returning: here.map { splice in
                            (
                                splice.circuit, splice.source.linkLoop === linkLoop ? splice.source.leg?.moved ?? 0 : 0,
                                splice.target.linkLoop === linkLoop ? splice.target.leg?.moved ?? 0 : 0
                            )
                        })
                }
            }
            for (circuit, sent, returned) in counts {
                moved[circuit, default: CircuitBytes()].sent += sent
                moved[circuit, default: CircuitBytes()].returned += returned
            }
        }
        return moved
    }
}
