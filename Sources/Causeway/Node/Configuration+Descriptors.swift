import CausewayRuntime

extension Configuration {
    /// Raises the number of descriptors that the process may have as far as the system lets it, and lowers the limits of what takes one
    /// (`connections` and what comes before them) to what fits below. For programs that are a node and little else; `Node` leaves the
    /// process's limit alone, and turns connections away when no descriptor is left (`Event.refused`).
    /// - Returns: how many descriptors there are.
    @discardableResult
    public mutating func fitDescriptors() -> Int {
        let available = Descriptors.raise()
        fit(descriptors: available)
        return available
    }

    /// Loops, listeners, name servers, files.
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
