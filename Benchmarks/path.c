// A path between two TUN devices: what enters one leaves the other DELAY later, no faster than RATE, and some of it never. Linux alone.
//
//   path NAME NAME DELAY_US RATE QUEUE LOSS SEED      RATE in bytes a second, QUEUE in bytes, LOSS of a million packets
//
// It says "ready" when the devices are there, so that each can be moved into a network namespace of its own, and ends with its input. What is lost
// follows from the seed and the packets alone. Kernels without sch_netem have this, too, and it costs TCP and UDP the same.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

enum { MTU = 2048, PLACES = 1 << 14, PORTION = 64 };

typedef struct { uint64_t due; uint32_t length; uint8_t bytes[MTU]; } Packet;
typedef struct { int in, out; uint64_t free_at; uint32_t first, count; Packet *packets; } Direction;

static uint64_t delay, rate, queue, loss, dice;

static uint64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static int happens(uint64_t of_a_million) {
  dice ^= dice << 13;
  dice ^= dice >> 7;
  dice ^= dice << 17;
  return dice % 1000000 < of_a_million;
}

static int device(const char *name) {
  struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
  strncpy(request.ifr_name, name, IFNAMSIZ - 1);
  int file = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (file < 0 || ioctl(file, TUNSETIFF, &request) < 0) {
    perror(name);
    exit(1);
  }
  return file;
}

// Takes some packets in. Returns whether there may be more.
static int take(Direction *d) {
  for (int i = 0; i < PORTION && d->count < PLACES; i++) {
    Packet *p = &d->packets[(d->first + d->count) % PLACES];
    ssize_t length = read(d->in, p->bytes, MTU);
    if (length <= 0) return 0;
    uint64_t at = now(), start = d->free_at > at ? d->free_at : at;
    if ((start - at) * rate / 1000000000 > queue || happens(loss)) continue;
    d->free_at = start + (uint64_t)length * 1000000000 / rate;
    p->due = d->free_at + delay;
    p->length = (uint32_t)length;
    d->count++;
  }
  return 1;
}

// Gives out what is due. Returns when the next packet is.
static uint64_t give(Direction *d) {
  while (d->count > 0) {
    Packet *p = &d->packets[d->first];
    if (p->due > now()) return p->due;
    // What the other end does not take is lost.
    if (write(d->out, p->bytes, p->length) < 0 && errno == EINTR) continue;
    d->first = (d->first + 1) % PLACES;
    d->count--;
  }
  return UINT64_MAX;
}

int main(int argc, char **argv) {
  if (argc != 8) return fprintf(stderr, "usage: path NAME NAME DELAY_US RATE QUEUE LOSS SEED\n"), 2;
  int a = device(argv[1]), b = device(argv[2]);
  delay = strtoull(argv[3], NULL, 10) * 1000;
  rate = strtoull(argv[4], NULL, 10);
  queue = strtoull(argv[5], NULL, 10);
  loss = strtoull(argv[6], NULL, 10);
  dice = strtoull(argv[7], NULL, 10) | 1;
  prctl(PR_SET_TIMERSLACK, 1);
  Direction directions[2] = {{.in = a, .out = b}, {.in = b, .out = a}};
  for (int i = 0; i < 2; i++) directions[i].packets = calloc(PLACES, sizeof(Packet));
  puts("ready");
  fflush(stdout);
  struct pollfd files[3] = {{a, POLLIN, 0}, {b, POLLIN, 0}, {0, POLLIN, 0}};
  for (;;) {
    uint64_t due = UINT64_MAX;
    int more = 0;
    for (int i = 0; i < 2; i++) {
      more |= take(&directions[i]);
      uint64_t next = give(&directions[i]);
      if (next < due) due = next;
    }
    if (more) continue;
    uint64_t at = now(), wait = due > at ? due - at : 0;
    struct timespec timeout = {(time_t)(wait / 1000000000), (long)(wait % 1000000000)};
    if (ppoll(files, 3, due == UINT64_MAX ? NULL : &timeout, NULL) > 0 && files[2].revents) return 0;
  }
}
