/// Bounds of a router's table, with the reason for each. What does not fit is dropped, as at a router whose memory is full.
public struct RouterLimits: Equatable, Sendable {
    /// Mappings of UDP and TCP together. Homes' routers have some thousand, and a simulated host has one or a few for each of its sockets.
    public var mappings = 4096
    /// Remotes of all mappings together, as many as homes' routers with little memory remember.
    public var flows = 16_384

    public init() {}
}
