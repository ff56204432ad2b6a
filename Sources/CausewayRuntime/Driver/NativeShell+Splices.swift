import CausewayConnection

extension NativeShell {
    /// Bytes that the circuits which stand now have moved so far, both directions together.
    public func bytesInCircuits() async -> UInt64 {
        let ends = await withUnsafeContinuation { continuation in
            first.loop.run { continuation.resume(returning: self.splices.values.flatMap { [$0.source, $0.target] }) }
        }
        var total: UInt64 = 0
        for home in homes {
            let here = ends.filter { $0.home === home }
            guard !here.isEmpty else { continue }
            total += await withUnsafeContinuation { continuation in
                home.loop.run { continuation.resume(returning: here.reduce(0) { $0 + ($1.leg?.moved ?? 0) }) }
            }
        }
        return total
    }
}
