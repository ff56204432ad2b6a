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
        for home in homes {
            let here = splices.filter { $0.source.home === home || $0.target.home === home }
            guard !here.isEmpty else { continue }
            let counts = await withUnsafeContinuation { continuation in
                home.loop.run {
                    continuation.resume(
                        returning: here.map { splice in
                            (
                                splice.circuit, splice.source.home === home ? splice.source.leg?.moved ?? 0 : 0,
                                splice.target.home === home ? splice.target.leg?.moved ?? 0 : 0
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
