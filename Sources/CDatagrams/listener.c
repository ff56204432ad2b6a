#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

static int prepare(int file, const struct sockaddr *address, int backlog) {
    const int on = 1, is_ipv6 = address->sa_family == AF_INET6;
    fcntl(file, F_SETFD, FD_CLOEXEC);
    fcntl(file, F_SETFL, fcntl(file, F_GETFL) | O_NONBLOCK);
    setsockopt(file, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    // Every socket that is accepted inherits it.
    setsockopt(file, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (is_ipv6 && setsockopt(file, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) != 0) return -errno;
    if (bind(file, address, is_ipv6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in)) != 0) return -errno;
    if (listen(file, backlog) != 0) return -errno;
    // Only then: sockets of this user may dial from the port, and nobody else has come to listen on it.
    return setsockopt(file, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) == 0 ? 0 : -errno;
}

int cw_listen(const void *address, int backlog, void *bound, uint32_t size) {
    int file = socket(((const struct sockaddr *)address)->sa_family, SOCK_STREAM, 0);
    if (file < 0) return -errno;
    socklen_t length = size;
    int code = prepare(file, address, backlog);
    if (code == 0 && getsockname(file, bound, &length) != 0) code = -errno;
    if (code == 0) return file;
    close(file);
    return code;
}

static int bind_to(int file, int is_ipv6, uint16_t port) {
    if (is_ipv6) {
        struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
        const int on = 1;
        if (setsockopt(file, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) != 0) return -errno;
        return bind(file, (struct sockaddr *)&any, sizeof any) == 0 ? 0 : -errno;
    }
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(port)};
    return bind(file, (struct sockaddr *)&any, sizeof any) == 0 ? 0 : -errno;
}

int cw_dialling_socket(int is_ipv6, uint16_t port) {
    const int on = 1;
    int file = socket(is_ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM, 0);
    if (file < 0) return -errno;
    fcntl(file, F_SETFD, FD_CLOEXEC);
    setsockopt(file, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    setsockopt(file, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    int code = port == 0 ? 0 : bind_to(file, is_ipv6, port);
    if (code == 0) return file;
    close(file);
    return code;
}

int cw_accept(int file, void *remote, uint32_t size) {
    socklen_t length = size;
#ifdef __linux__
    int accepted = accept4(file, remote, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    return accepted < 0 ? -errno : accepted;
#else
    int accepted = accept(file, remote, &length);
    if (accepted < 0) return -errno;
    fcntl(accepted, F_SETFD, FD_CLOEXEC);
    return accepted;
#endif
}

void cw_close(int file) { close(file); }
