#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "datagrams.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#ifdef __linux__
// Linux 4.18 and 5.0; the C library's headers may be older than the kernel.
#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif
#endif

static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static socklen_t to_system(const cw_endpoint *endpoint, int is_ipv6, struct sockaddr_storage *out) {
    memset(out, 0, is_ipv6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in));
    if (is_ipv6) {
        struct sockaddr_in6 *six = (struct sockaddr_in6 *)out;
        six->sin6_family = AF_INET6;
        six->sin6_port = htons(endpoint->port);
        six->sin6_scope_id = endpoint->scope;
        memcpy(&six->sin6_addr, &endpoint->high, 16);
        return sizeof *six;
    }
    struct sockaddr_in *four = (struct sockaddr_in *)out;
    four->sin_family = AF_INET;
    four->sin_port = htons(endpoint->port);
    memcpy(&four->sin_addr, (const uint8_t *)&endpoint->low + 4, 4);
    return sizeof *four;
}

static void from_system(const struct sockaddr_storage *address, cw_endpoint *out) {
    memset(out, 0, sizeof *out);
    if (address->ss_family == AF_INET6) {
        const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)address;
        memcpy(&out->high, &six->sin6_addr, 16);
        out->scope = six->sin6_scope_id;
        out->port = ntohs(six->sin6_port);
    } else {
        const struct sockaddr_in *four = (const struct sockaddr_in *)address;
        memcpy(&out->high, mapped, sizeof mapped);
        memcpy((uint8_t *)&out->low + 4, &four->sin_addr, 4);
        out->port = ntohs(four->sin_port);
    }
}

int cw_datagram_open(const cw_endpoint *local, int is_ipv6, int is_dual_stack, int buffer) {
    int file = socket(is_ipv6 ? AF_INET6 : AF_INET, SOCK_DGRAM, 0);
    if (file < 0) return -errno;
    fcntl(file, F_SETFD, FD_CLOEXEC);
    fcntl(file, F_SETFL, fcntl(file, F_GETFL) | O_NONBLOCK);
    // The kernel takes as much of it as the system's settings allow.
    setsockopt(file, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
    setsockopt(file, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
    int only = !is_dual_stack, failure = 0;
    if (is_ipv6 && setsockopt(file, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof only) != 0) failure = errno;
    struct sockaddr_storage address;
    socklen_t length = to_system(local, is_ipv6, &address);
    if (failure == 0 && bind(file, (struct sockaddr *)&address, length) != 0) failure = errno;
    if (failure == 0) return file;
    close(file);
    return -failure;
}

// Others of this machine listen to the group, too.
static int share_port(int file) {
    int on = 1;
    if (setsockopt(file, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0) return -errno;
#ifndef __linux__
    // Linux would give each datagram by unicast to any one of those that ask for this.
    if (setsockopt(file, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0) return -errno;
#endif
    return 0;
}

static int join_group(int file, const cw_endpoint *group, uint32_t interface) {
    int off = 0;
    unsigned char hops = 255, loop = 1;
#ifdef IP_MULTICAST_ALL
    // Or the kernel hands over what came on interfaces where others have joined.
    if (setsockopt(file, IPPROTO_IP, IP_MULTICAST_ALL, &off, sizeof off) != 0) return -errno;
#endif
    (void)off;
    struct sockaddr_storage address;
    socklen_t length = to_system(group, 0, &address);
    if (bind(file, (struct sockaddr *)&address, length) != 0) return -errno;
    struct ip_mreqn request = {.imr_ifindex = (int)interface};
    request.imr_multiaddr = ((struct sockaddr_in *)&address)->sin_addr;
    if (setsockopt(file, IPPROTO_IP, IP_ADD_MEMBERSHIP, &request, sizeof request) != 0) return -errno;
    if (setsockopt(file, IPPROTO_IP, IP_MULTICAST_IF, &request, sizeof request) != 0) return -errno;
    if (setsockopt(file, IPPROTO_IP, IP_MULTICAST_TTL, &hops, sizeof hops) != 0) return -errno;
    return setsockopt(file, IPPROTO_IP, IP_MULTICAST_LOOP, &loop, sizeof loop) == 0 ? 0 : -errno;
}

static int join_group6(int file, const cw_endpoint *group, uint32_t interface) {
    int on = 1, off = 0, hops = 255;
#ifdef IPV6_MULTICAST_ALL
    if (setsockopt(file, IPPROTO_IPV6, IPV6_MULTICAST_ALL, &off, sizeof off) != 0) return -errno;
#endif
    (void)off;
    if (setsockopt(file, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) != 0) return -errno;
    struct sockaddr_storage address;
    socklen_t length = to_system(group, 1, &address);
    // The group is another one at each interface.
    ((struct sockaddr_in6 *)&address)->sin6_scope_id = interface;
    if (bind(file, (struct sockaddr *)&address, length) != 0) return -errno;
    struct ipv6_mreq request = {.ipv6mr_interface = interface};
    request.ipv6mr_multiaddr = ((struct sockaddr_in6 *)&address)->sin6_addr;
    if (setsockopt(file, IPPROTO_IPV6, IPV6_JOIN_GROUP, &request, sizeof request) != 0) return -errno;
    if (setsockopt(file, IPPROTO_IPV6, IPV6_MULTICAST_IF, &interface, sizeof interface) != 0) return -errno;
    if (setsockopt(file, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, &hops, sizeof hops) != 0) return -errno;
    return setsockopt(file, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, &on, sizeof on) == 0 ? 0 : -errno;
}

int cw_multicast_open(const cw_endpoint *group, int is_ipv6, uint32_t interface, int buffer) {
    int file = socket(is_ipv6 ? AF_INET6 : AF_INET, SOCK_DGRAM, 0);
    if (file < 0) return -errno;
    fcntl(file, F_SETFD, FD_CLOEXEC);
    fcntl(file, F_SETFL, fcntl(file, F_GETFL) | O_NONBLOCK);
    setsockopt(file, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
    int code = share_port(file);
    if (code == 0) code = is_ipv6 ? join_group6(file, group, interface) : join_group(file, group, interface);
    if (code == 0) return file;
    close(file);
    return code;
}

void cw_datagram_close(int file) { close(file); }

int cw_datagram_connect(int file, const cw_endpoint *remote, int is_ipv6) {
    struct sockaddr_storage address;
    socklen_t length = to_system(remote, is_ipv6, &address);
    return connect(file, (struct sockaddr *)&address, length) == 0 ? 0 : -errno;
}

int cw_datagram_local(int file, cw_endpoint *local) {
    struct sockaddr_storage address;
    socklen_t length = sizeof address;
    if (getsockname(file, (struct sockaddr *)&address, &length) != 0) return -errno;
    from_system(&address, local);
    return 0;
}

#ifdef __linux__

int cw_datagram_can_cut(int file) {
    int size = 0;
    socklen_t length = sizeof size;
    return getsockopt(file, IPPROTO_UDP, UDP_SEGMENT, &size, &length) == 0;
}

int cw_datagram_join(int file) {
    int on = 1;
    return setsockopt(file, IPPROTO_UDP, UDP_GRO, &on, sizeof on) == 0;
}

static uint16_t segment_of(struct msghdr *header) {
    for (struct cmsghdr *control = CMSG_FIRSTHDR(header); control; control = CMSG_NXTHDR(header, control)) {
        if (control->cmsg_level != IPPROTO_UDP || control->cmsg_type != UDP_GRO) continue;
        int size;
        memcpy(&size, CMSG_DATA(control), sizeof size);
        return (uint16_t)size;
    }
    return 0;
}

int cw_datagram_receive(int file, void *memory, size_t size, cw_datagram *datagrams, int count) {
    struct mmsghdr headers[CW_DATAGRAM_BATCH];
    struct iovec places[CW_DATAGRAM_BATCH];
    struct sockaddr_storage remotes[CW_DATAGRAM_BATCH];
    _Alignas(struct cmsghdr) uint8_t controls[CW_DATAGRAM_BATCH][CMSG_SPACE(sizeof(int))];
    if (count > CW_DATAGRAM_BATCH) count = CW_DATAGRAM_BATCH;
    for (int index = 0; index < count; index++) {
        places[index] = (struct iovec){.iov_base = (uint8_t *)memory + size * (size_t)index, .iov_len = size};
        headers[index].msg_hdr = (struct msghdr){
            .msg_name = &remotes[index], .msg_namelen = sizeof remotes[index], .msg_iov = &places[index], .msg_iovlen = 1,
            .msg_control = controls[index], .msg_controllen = sizeof controls[index]};
    }
    int taken = recvmmsg(file, headers, (unsigned)count, MSG_DONTWAIT, NULL);
    if (taken < 0) return -errno;
    for (int index = 0; index < taken; index++) {
        struct msghdr *header = &headers[index].msg_hdr;
        from_system(&remotes[index], &datagrams[index].remote);
        datagrams[index].offset = (uint32_t)(size * (size_t)index);
        datagrams[index].length = headers[index].msg_len;
        datagrams[index].segment = segment_of(header);
        datagrams[index].is_truncated = (header->msg_flags & MSG_TRUNC) != 0;
    }
    return taken;
}

int cw_datagram_send(int file, int is_ipv6, const void *memory, const cw_datagram *datagrams, int count) {
    struct mmsghdr headers[CW_DATAGRAM_BATCH];
    struct iovec places[CW_DATAGRAM_BATCH];
    struct sockaddr_storage remotes[CW_DATAGRAM_BATCH];
    _Alignas(struct cmsghdr) uint8_t controls[CW_DATAGRAM_BATCH][CMSG_SPACE(sizeof(uint16_t))];
    if (count > CW_DATAGRAM_BATCH) count = CW_DATAGRAM_BATCH;
    for (int index = 0; index < count; index++) {
        const cw_datagram *datagram = &datagrams[index];
        places[index] = (struct iovec){.iov_base = (uint8_t *)memory + datagram->offset, .iov_len = datagram->length};
        struct msghdr *header = &headers[index].msg_hdr;
        *header = (struct msghdr){
            .msg_name = &remotes[index], .msg_namelen = to_system(&datagram->remote, is_ipv6, &remotes[index]),
            .msg_iov = &places[index], .msg_iovlen = 1};
        if (datagram->segment == 0) continue;
        header->msg_control = controls[index];
        header->msg_controllen = sizeof controls[index];
        struct cmsghdr *control = CMSG_FIRSTHDR(header);
        control->cmsg_level = IPPROTO_UDP;
        control->cmsg_type = UDP_SEGMENT;
        control->cmsg_len = CMSG_LEN(sizeof datagram->segment);
        memcpy(CMSG_DATA(control), &datagram->segment, sizeof datagram->segment);
    }
    int taken = sendmmsg(file, headers, (unsigned)count, MSG_DONTWAIT);
    return taken < 0 ? -errno : taken;
}

#else

int cw_datagram_can_cut(int file) { return 0; }

int cw_datagram_join(int file) { return 0; }

int cw_datagram_receive(int file, void *memory, size_t size, cw_datagram *datagrams, int count) {
    for (int index = 0; index < count; index++) {
        struct sockaddr_storage remote;
        struct iovec place = {.iov_base = (uint8_t *)memory + size * (size_t)index, .iov_len = size};
        struct msghdr header = {.msg_name = &remote, .msg_namelen = sizeof remote, .msg_iov = &place, .msg_iovlen = 1};
        ssize_t length = recvmsg(file, &header, MSG_DONTWAIT);
        if (length < 0) return index > 0 ? index : -errno;
        from_system(&remote, &datagrams[index].remote);
        datagrams[index].offset = (uint32_t)(size * (size_t)index);
        datagrams[index].length = (uint32_t)length;
        datagrams[index].segment = 0;
        datagrams[index].is_truncated = (header.msg_flags & MSG_TRUNC) != 0;
    }
    return count;
}

int cw_datagram_send(int file, int is_ipv6, const void *memory, const cw_datagram *datagrams, int count) {
    for (int index = 0; index < count; index++) {
        struct sockaddr_storage remote;
        socklen_t length = to_system(&datagrams[index].remote, is_ipv6, &remote);
        const uint8_t *bytes = (const uint8_t *)memory + datagrams[index].offset;
        ssize_t sent = sendto(file, bytes, datagrams[index].length, MSG_DONTWAIT, (struct sockaddr *)&remote, length);
        // Darwin takes no address once the socket has one.
        if (sent < 0 && errno == EISCONN) sent = send(file, bytes, datagrams[index].length, MSG_DONTWAIT);
        if (sent < 0) return index > 0 ? index : -errno;
    }
    return count;
}

#endif
