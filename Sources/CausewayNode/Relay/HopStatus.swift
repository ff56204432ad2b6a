/// Status codes of both relay protocols (relay/circuit-v2.md, `Status`). Unknown ones stay readable as raw values.
public enum HopStatus {
    /// Reserved, or connected: the stream carries the circuit from here on.
    public static let ok: UInt16 = 100
    /// No place: for its own reasons, such as being full.
    public static let reservationRefused: UInt16 = 200
    /// Too many, of this peer, its address or in all.
    public static let resourceLimitExceeded: UInt16 = 201
    /// Not to this peer, or not over a relayed connection.
    public static let permissionDenied: UInt16 = 202
    /// The target refused or could not be asked.
    public static let connectionFailed: UInt16 = 203
    /// The target has no place at this relay.
    public static let noReservation: UInt16 = 204
    /// What we said cannot be read.
    public static let malformedMessage: UInt16 = 400
    /// What we said has no place here.
    public static let unexpectedMessage: UInt16 = 401
}
