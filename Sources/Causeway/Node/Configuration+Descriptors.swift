import CausewayRuntime

extension Configuration {
    /// Raises the process's limit of file descriptors as far as the system allows, and lowers `connections` (and the limits of what
    /// precedes a connection) to the number that fits. This is for programs that are mainly a node. `Node` itself leaves the process's
    /// limit alone, and refuses connections when no descriptor is left (`Event.refused`).
    /// - Returns: The number of descriptors that the process may have.
    @discardableResult
    public mutating func fitDescriptors() -> Int {
        let available = Descriptors.raise()
        fit(descriptors: available)
        return available
    }

    /// Reserved for event loops, listeners, name servers and files.
    private static let ownDescriptors = 64

    mutating func fit(descriptors available: Int) {
        let part = max(1, available / 8)
        limits.pendingConnections = min(limits.pendingConnections, part)
        pageLimits.downloads = min(pageLimits.downloads, part)
        limits.dials = min(limits.dials, part)
        let others = limits.pendingConnections + pageLimits.downloads + limits.dials + Self.ownDescriptors
        limits.connections = max(1, min(limits.connections, available - others))
    }
}
