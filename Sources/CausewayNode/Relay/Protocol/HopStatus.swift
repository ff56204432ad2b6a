/// Status codes of both relay protocols (relay/circuit-v2.md, `Status`). Unknown codes stay raw values.
public enum HopStatus {
    /// Reserved, or connected: from here on, the stream carries the circuit.
    public static let ok: UInt16 = 100
    /// No reservation, for reasons of the relay's own, such as being full.
    public static let reservationRefused: UInt16 = 200
    /// Too many, for this peer, for its address or in total.
    public static let resourceLimitExceeded: UInt16 = 201
    /// This peer may not be reached, or the request came over a relayed connection.
    public static let permissionDenied: UInt16 = 202
    /// The target refused, or could not be asked.
    public static let connectionFailed: UInt16 = 203
    /// The target holds no reservation at this relay.
    public static let noReservation: UInt16 = 204
    /// The relay cannot read the message.
    public static let malformedMessage: UInt16 = 400
    /// The relay does not accept this message at this point.
    public static let unexpectedMessage: UInt16 = 401
}
