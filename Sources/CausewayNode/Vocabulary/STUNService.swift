import CausewayIdentity

/// The plain STUN service (RFC 8489) of a node that listens on `/webrtc-direct`: whoever sends a Binding request to that UDP port without
/// credentials is told the address that the request came from.
///
/// Identify names the service among a node's protocols, so that peers know whom to ask. The name is a mark: nobody opens a stream for it,
/// and a node that is asked to refuses as it does for any protocol that it does not serve. The service answers at the node's advertised
/// `/udp/…/webrtc-direct` addresses.
public enum STUNService {
    /// The mark among the protocols that identify lists.
    public static var protocolID: [UInt8] { [UInt8](utf8: "/causeway/stun/1") }
}
