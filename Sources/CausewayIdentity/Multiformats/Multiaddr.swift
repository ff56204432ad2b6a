/// A self-describing network address (multiformats/multiaddr): a sequence of protocols with values, kept in its binary form.
public struct Multiaddr: Hashable, Sendable {
    /// Valid binary form: every component's code is known and its value well-formed.
    public let bytes: [UInt8]

    init(unchecked bytes: [UInt8]) { self.bytes = bytes }
}
