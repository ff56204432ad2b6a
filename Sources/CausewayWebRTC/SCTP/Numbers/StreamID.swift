/// The number of a stream: a pair of directions, each with its own order (RFC 9260, section 1.4). A data channel is one stream.
public struct StreamID: Hashable, Sendable {
    public let raw: UInt16
    public init(_ raw: UInt16) { self.raw = raw }
}
