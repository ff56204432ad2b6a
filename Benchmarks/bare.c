// The least that a server can do with a connection that is cut or refused: the system calls and nothing else. No server that accepts
// connections spends less CPU on one, so costs.py shows its figures beside ours.
//
//   bare IP refuse|answer     prints the port. "refuse" closes each connection at once; "answer" answers the first bytes with a
//                             multistream header, and closes when the remote does.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static int listener;

static int listen_at(const char *ip) {
  struct sockaddr_in at = {.sin_family = AF_INET};
  socklen_t size = sizeof at;
  listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (listener < 0 || !inet_aton(ip, &at.sin_addr) || bind(listener, (void *)&at, size) || listen(listener, 4096)) return -1;
  if (getsockname(listener, (void *)&at, &size)) return -1;
  printf("%d\n", ntohs(at.sin_port));
  return fflush(stdout);
}

static void watch(int epoll, int fd) {
  struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
  epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

static void accept_all(int epoll, int refuses) {
  const int on = 1;
  for (int fd; (fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) {
    if (refuses) {
      close(fd);
    } else {
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      watch(epoll, fd);
    }
  }
}

static void serve(int fd) {
  static const char header[] = "\x13/multistream/1.0.0\n";
  char bytes[4096];
  ssize_t count = read(fd, bytes, sizeof bytes);
  if (count <= 0 || write(fd, header, sizeof header - 1) < 0) close(fd);
}

int main(int count, char **arguments) {
  if (count != 3 || listen_at(arguments[1])) return 1;
  int refuses = !strcmp(arguments[2], "refuse"), epoll = epoll_create1(EPOLL_CLOEXEC);
  struct epoll_event events[256];
  watch(epoll, listener);
  for (;;) {
    int ready = epoll_wait(epoll, events, 256, -1);
    for (int index = 0; index < ready; index++) {
      if (events[index].data.fd == listener) accept_all(epoll, refuses);
      else serve(events[index].data.fd);
    }
  }
}
