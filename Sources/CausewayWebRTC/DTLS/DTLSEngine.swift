public import CausewayIdentity

/// One DTLS association (RFC 6347): datagrams in and out, packets of the protocol above in and out, no socket and no clock. It belongs to
/// one thread.
///
/// The driver gives each datagram to `receive`, calls `nextPacket` until it returns nil, and seals its own packets by `seal`. After any
/// input it sends what `pollDatagram` returns, and looks at `state` and `nextDeadline`. A packet is lost rather than kept: whoever needs
/// it sends it again, as SCTP does.
public protocol DTLSEngine: AnyObject {
    var state: DTLSState { get }
    /// Of the certificate that the remote has proven to hold the key of. nil before `state` is `established`.
    var remoteFingerprint: CertificateFingerprint? { get }
    /// When `advance` is to be called.
    var nextDeadline: Instant { get }

    /// Lends a datagram, which is opened in place, until `nextPacket` has returned nil.
    func receive(_ datagram: UnsafeMutableRawBufferPointer, now: Instant)

    /// A packet out of the lent datagram, which may hold several. Its bytes are valid until the next call. nil: there are no more.
    func nextPacket() -> UnsafeRawBufferPointer?

    /// Seals a packet of at most `DTLSLimits.packet` bytes as one datagram, into room for `DTLSLimits.overhead` bytes more. It may lie in
    /// the room already, at `DTLSLimits.packetStart`.
    /// - Returns: the size of the datagram. nil: the association is not established, or the packet or the room has the wrong size.
    func seal(_ packet: UnsafeRawBufferPointer, into room: UnsafeMutableRawBufferPointer) -> Int?

    /// Fills room for `DTLSLimits.datagram` bytes with a datagram of the handshake, or an alert, that is to be sent now.
    /// - Returns: its size. nil: there is none.
    func pollDatagram(into room: UnsafeMutableRawBufferPointer) -> Int?

    /// Lets time pass: flights that were not answered are sent again, and a handshake that takes too long fails.
    func advance(now: Instant)

    /// Says that this side sends no more (close_notify; RFC 5246, section 7.2.1), and ends the association.
    func close()
}
