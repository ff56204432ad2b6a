#pragma once
#include <stddef.h>
#include <stdint.h>

// UDP sockets by batches. Swift imports neither `struct mmsghdr` nor the macros of control messages, and libuv's UDP handle has no place
// for control messages: without them nobody knows where the datagrams end that the kernel has joined (GRO).

/// The most datagrams, or runs of them, that one call moves.
#define CW_DATAGRAM_BATCH 64

/// An IP address and port. IPv4 is mapped into IPv6 (RFC 4291, 2.5.5.2); the 16 bytes lie in memory as on the wire.
typedef struct {
    uint64_t high, low;
    uint32_t scope;
    uint16_t port;
} cw_endpoint;

/// One datagram, or a run of them between the same endpoints, one behind the other.
typedef struct {
    cw_endpoint remote;
    /// Where its bytes begin in the memory that goes with the call.
    uint32_t offset;
    uint32_t length;
    /// The size of each datagram of a run but the last, which may be shorter; 0: it is one datagram.
    uint16_t segment;
    /// Received: it was longer than its place, and its end is lost.
    uint8_t is_truncated;
} cw_datagram;

/// Binds a socket that does not block.
/// - is_dual_stack: an IPv6 socket that takes IPv4, too.
/// - buffer: how many bytes the kernel may hold each way; it may allow less.
/// Returns the descriptor, or a negative errno.
int cw_datagram_open(const cw_endpoint *local, int is_ipv6, int is_dual_stack, int buffer);

/// Binds a socket that does not block to a multicast group and port, beside others of this machine, and joins the group on one
/// interface, which is where it sends to, too. It receives what is sent to the group alone. Packets go no further than the network
/// (RFC 6762, section 11: TTL and hop limit 255).
/// Returns the descriptor, or a negative errno.
int cw_multicast_open(const cw_endpoint *group, int is_ipv6, uint32_t interface, int buffer);

/// From now on the socket receives from one remote only, and hears if nobody is there. 0, or a negative errno.
int cw_datagram_connect(int file, const cw_endpoint *remote, int is_ipv6);

void cw_datagram_close(int file);

/// To what the socket is bound. 0, or a negative errno.
int cw_datagram_local(int file, cw_endpoint *local);

/// Whether the kernel can cut a run into datagrams (GSO).
int cw_datagram_can_cut(int file);

/// Asks the kernel to join datagrams of one sender into runs (GRO). Whether it does.
int cw_datagram_join(int file);

/// Takes what has come into `count` places of `size` bytes each at `memory`. Returns how many are filled, or a negative errno.
int cw_datagram_receive(int file, void *memory, size_t size, cw_datagram *datagrams, int count);

/// Gives the kernel datagrams and runs whose bytes lie at `memory`. Returns how many it took, or the negative errno of the first.
int cw_datagram_send(int file, int is_ipv6, const void *memory, const cw_datagram *datagrams, int count);
