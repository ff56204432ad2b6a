public import CausewayConnection

/// Where the signalling of a peer connection of `/webrtc` goes: whoever passes it on to the node.
public protocol SignallingChannel: AnyObject {
    /// A candidate for the remote, as JSON. It comes after the description.
    func gathered(_ candidate: [UInt8], by carrier: AssociationCarrier)
    /// The peer connection is connected: `AssociationCarrier.carry` makes it a link.
    func connected(_ carrier: AssociationCarrier)
    /// The peer connection has ended before it was a link. The last call.
    func failed(_ carrier: AssociationCarrier)
    /// The report has changed.
    func progressed(_ report: PeerConnectionReport, by carrier: AssociationCarrier)
}
