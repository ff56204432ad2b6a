public import CausewayIdentity

/// Bounds on what strangers can make a listener begin, with the reason for each. Nothing that they send proves where they are, or who,
/// before the handshake is done; how many associations they may have begun is in `DemultiplexerLimits`.
public struct NewcomerLimits: Equatable, Sendable {
    /// Associations begun at once and then in each second, all together. A handshake takes half a millisecond of one core, so a flood gets
    /// a tenth of it.
    public var burst = 256
    public var perSecond = 200
    /// The same for one place (IPv4 address, IPv6 /56): a household whose tabs and devices all start at once.
    public var burstPerPlace = 16
    public var perSecondPerPlace = 4
    /// Places remembered, twice: the present ones and those before. Each costs about 150 bytes.
    public var places = 4096
    /// From the first check to the end of the handshake. It includes `DTLSLimits.handshakeTime`, and whoever has not begun DTLS by then
    /// does not want to.
    public var setUpTime = Interval.seconds(10)
    /// Bytes that an association keeps for a remote that has not proven who it is (`Association.heldBytes`). To prove it takes some hundred
    /// bytes each way, and streams may be opened right behind it.
    public var heldBytes = 64 << 10

    public init() {}
}
