package import CausewayIdentity

/// What a datagram socket's owner hears, always on the loop.
package protocol DatagramOwner: AnyObject {
    /// One datagram has come. Its bytes are lent until this returns.
    func datagramReceived(_ bytes: UnsafeRawBufferPointer, from remote: Endpoint)
    /// After `send` was refused because the queue was full: half of it is free again.
    func datagramsWritable()
    /// The kernel refused to send one datagram, or a run of them, to `remote`. It is lost, as it might have been on its way. Or the
    /// network said so of one that was sent before, if `remote` is the socket's only one.
    func datagramsLost(to remote: Endpoint, errno: Int32)
    /// The socket cannot be read any more. Nothing follows; the owner closes it.
    func datagramSocketFailed(errno: Int32)
}
