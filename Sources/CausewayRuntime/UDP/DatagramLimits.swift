/// What a datagram socket keeps at most, with the reason for each number.
package struct DatagramLimits: Equatable, Sendable {
    /// The longest datagram that is taken or sent, in bytes: an Ethernet frame, and mDNS within a local network (RFC 6762, section 17). A
    /// longer one that comes is dropped and counted.
    package var datagramSize = 9000
    /// Datagrams that wait because the kernel takes no more: what an association sends in a round trip, several of them. Who sends more is
    /// refused, as a queue that is longer only makes datagrams late.
    package var queuedDatagrams = 1024
    /// Bytes of them: a kilobyte for each, as datagrams for the Internet have at most 1,200 or 1,400.
    package var queuedBytes = 1 << 20
    /// Datagrams, or runs that the kernel has joined, in one call, 64 at most: by then a system call costs less than what it moves. 1: no
    /// batches. For a run there are 64 KiB of address space each; memory only where datagrams have come.
    package var batch = 64
    /// Calls for one socket in one turn of its loop, so that a flood leaves others their turn.
    package var receivesInTurn = 4
    /// What the kernel may hold each way, in bytes: what one association may have on its way. The system may allow less.
    package var kernelBuffer = 4 << 20
    /// Whether the kernel is asked to cut what is sent and to join what comes (GSO and GRO), where it can.
    package var usesOffload = true

    package init() {}
}
