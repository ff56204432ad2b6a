public import CausewayWebRTC

/// Bounds on what strangers at the ports of `/webrtc-direct` can make a node do and hold. Each port keeps to them by itself.
public struct WebRTCLimits: Equatable, Sendable {
    /// Who may begin an association, and how fast.
    public var newcomers = NewcomerLimits()
    /// How many associations stand, and how many of them strangers began.
    public var associations = DemultiplexerLimits()
    /// How many are told by STUN under which address they are seen.
    public var stun = STUNLimits()
    /// The standards' times, which a test need not wait for.
    package var ice = ICELimits()

    public init() {}
}
