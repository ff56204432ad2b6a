#pragma once
#include <stdint.h>

// TCP sockets that listen. libuv's own ask for a remote's address by one more call of the system, and take connections without end while
// others wait.

/// Listens at `address`, a `sockaddr`, where nobody else listens. An IPv6 socket takes IPv6 only. Accepted sockets send small writes at
/// once. What is bound is put into `bound`, which has room for `size` bytes.
/// Returns a descriptor that does not block, or a negative errno.
int cw_listen(const void *address, int backlog, void *bound, uint32_t size);

/// Takes a connection that waits. The remote's `sockaddr` is put into `remote`, which has room for `size` bytes.
/// Returns its descriptor, or a negative errno: EAGAIN if none waits.
int cw_accept(int file, void *remote, uint32_t size);

/// A socket that is to dial from `port`, or from any if that is 0. Other sockets of this user may use its port at the same time: a listener
/// made by `cw_listen`, and dials to other remotes.
/// Returns a descriptor, or a negative errno: EADDRINUSE if the port is another's.
int cw_dialling_socket(int is_ipv6, uint16_t port);

void cw_close(int file);
