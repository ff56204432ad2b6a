public import CausewayIdentity

/// What a peer said about itself by identify (identify/README.md).
public final class PeerDescription: Equatable, Sendable {
    public let peer: PeerID
    public let agentUTF8: [UInt8]
    public let protocolVersionUTF8: [UInt8]
    public let protocolIDsUTF8: [[UInt8]]
    public let listenAddresses: [Multiaddr]
    /// The address under which the peer sees this node.
    public let observedAddress: Multiaddr?

    public var agent: String { String(decoding: agentUTF8, as: UTF8.self) }
    public var protocolVersion: String { String(decoding: protocolVersionUTF8, as: UTF8.self) }
    public var protocolIDs: [String] { protocolIDsUTF8.map { String(decoding: $0, as: UTF8.self) } }

    public init(
        peer: PeerID, agent: [UInt8] = [], protocolVersion: [UInt8] = [], protocolIDs: [[UInt8]] = [], listenAddresses: [Multiaddr] = [],
        observedAddress: Multiaddr? = nil
    ) {
        self.peer = peer
        agentUTF8 = agent
        protocolVersionUTF8 = protocolVersion
        protocolIDsUTF8 = protocolIDs
        self.listenAddresses = listenAddresses
        self.observedAddress = observedAddress
    }

    public static func == (a: PeerDescription, b: PeerDescription) -> Bool {
        a.peer == b.peer && a.agentUTF8 == b.agentUTF8 && a.protocolVersionUTF8 == b.protocolVersionUTF8
            && a.protocolIDsUTF8 == b.protocolIDsUTF8
            && a.listenAddresses == b.listenAddresses && a.observedAddress == b.observedAddress
    }
}
