public import CausewayConnection

/// The hop protocol's message (relay/circuit-v2.md, `HopMessage`).
public indirect enum HopMessage: Equatable, Sendable {
    case reserve
    /// The target's peer id, not checked yet.
    case connect(peer: [UInt8])
    case status(UInt16, reservation: ReservationAnswer?, limit: CircuitLimit?)
}

/// The stop protocol's message (relay/circuit-v2.md, `StopMessage`).
public indirect enum StopMessage: Equatable, Sendable {
    /// The source's peer id, not checked yet.
    case connect(peer: [UInt8], limit: CircuitLimit?)
    case status(UInt16)
}

/// A relay's answer to RESERVE as it arrived (relay/circuit-v2.md, `Reservation`).
public struct ReservationAnswer: Equatable, Sendable {
    /// Unix seconds by the relay's clock. 0: not given.
    public var expire: UInt64 = 0
    /// Seconds from now, in a field of our own. It saves a client with a wrong clock from misreading `expire`. 0: not given.
    public var lasts: UInt64 = 0
    /// Binary multiaddrs, not checked yet.
    public var addresses: [[UInt8]] = []
    /// Empty: not given.
    public var voucher: [UInt8] = []

    /// The defaults are the values of fields that are absent on the wire.
    public init(expire: UInt64 = 0, lasts: UInt64 = 0, addresses: [[UInt8]] = [], voucher: [UInt8] = []) {
        self.expire = expire
        self.lasts = lasts
        self.addresses = addresses
        self.voucher = voucher
    }
}
