/// What a side can do beyond RFC 9260, as it says in its INIT or INIT ACK.
struct AssociationFeatures: OptionSet {
    let rawValue: UInt8

    /// Streams can be reset (RFC 6525).
    static let reconfiguration = AssociationFeatures(rawValue: 1)
    /// Messages can be given up (RFC 3758).
    static let forwardTSN = AssociationFeatures(rawValue: 2)
    /// Packets without a checksum are accepted (RFC 9653).
    static let zeroChecksum = AssociationFeatures(rawValue: 4)
    static let all: AssociationFeatures = [.reconfiguration, .forwardTSN, .zeroChecksum]
}
