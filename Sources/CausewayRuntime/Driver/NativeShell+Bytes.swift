public import CausewayConnection

extension NativeShell {
    /// What the connections of all loops have moved so far, by their paths.
    public func bytesByPath() async -> PathBytes {
        var bytes = PathBytes()
        for linkLoop in linkLoops {
            bytes += await withUnsafeContinuation { continuation in
                linkLoop.loop.run { continuation.resume(returning: linkLoop.links.bytesByPath) }
            }
        }
        return bytes
    }
}
