public import CausewayConnection

/// One of this node's own limits that was reached, for which it refused something.
public struct ReachedLimit: Equatable, Sendable {
    public let name: LimitName
    /// In the unit that the name says.
    public let value: UInt64

    public init(_ name: LimitName, _ value: Int) {
        self.name = name
        self.value = UInt64(value)
    }
}
