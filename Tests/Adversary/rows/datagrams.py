"""Strangers at a port of /webrtc-direct."""
import os
import re
import time

import datagrams
from ground import row
from rows.memory import in_parallel, join

HOST = "10.77.0.1"


def listener(ground, host=HOST):
    """A relay that honest peers reach by /webrtc-direct."""
    server = ground.relay("--listen", f"/ip4/{host}/udp/0/webrtc-direct", "--listen", f"/ip4/{HOST}/tcp/0")
    server.direct = next(address for address in server.addresses if "/webrtc-direct" in address)
    return server


# Of each kind, enough that no two in a row are the same.
KINDS = {
    "garbage": lambda: [[bytes([first]) + os.urandom(200)] for first in range(256)],
    "checks": lambda: [[datagrams.check()] for _ in range(2000)],
    "checks of other protocols": lambda: [[datagrams.check(b"")] for _ in range(500)],
    "plain requests": lambda: [[datagrams.stun()] for _ in range(500)],
    "checks and hellos": lambda: [[datagrams.check(), datagrams.hello()] for _ in range(1000)],
}
RATE = 20_000


@row("datagram-floods", places=True)
def datagram_floods(ground):
    """20,000 datagrams a second from 1,000 addresses, of each kind in turn, beside a connection of /webrtc-direct."""
    server = listener(ground)
    watch = ground.watch(server)
    sources = ground.keep(datagrams.Sources(1000, datagrams.endpoint(server.direct)))
    server.mark()
    for name, make in KINDS.items():
        what, before = make(), server.spent()
        began = time.monotonic()
        count = sources.flood(RATE, ground.size(5, 2), *what)
        elapsed = time.monotonic() - began
        share = (server.spent() - before) / elapsed
        ground.at_most(f"CPU at {count / elapsed:.0f} {name} a second", share, 0.25 * ground.weight, " of a core")
    ground.calm(watch, 2)
    ground.grown(server, 16)
    ground.true("the relay lives", server.is_alive())


@row("direct-connections-come-and-go", places=True)
def direct_connections_come_and_go(ground):
    """1,000 connections of /webrtc-direct on one port, opened and closed ten times, beside an honest peer."""
    server = listener(ground, "0.0.0.0")
    tail = re.sub(r"^/ip4/[^/]+", "", server.direct)
    count, rounds, callers = ground.size(1000, 200), ground.size(10, 2), 4
    crowds = [ground.peer(pubsub=None) for _ in range(callers)]
    watch = ground.watch(server)
    failed = [0] * callers

    def gather(caller):
        # Each ten at a place of their own.
        for number in range(count // callers // 10):
            address = f"/ip4/10.77.{100 + caller}.{1 + number}{tail}"
            failed[caller] += crowds[caller]("crowd", within=120, addr=address, count=10)["failed"]

    def come_and_go():
        join(in_parallel(callers, gather), 300)
        for crowd in crowds:
            crowd("disperse", within=120)
        time.sleep(1)
    # Each connection is another peer's, and the relay remembers 4,096 of those that are gone.
    for _ in range(ground.size(5, 1)):
        come_and_go()
    descriptors = server.descriptors()
    server.mark()
    for _ in range(rounds):
        come_and_go()
    ground.at_most("connections failed", sum(failed), 0)
    # A leak of 300 bytes a connection would show.
    ground.at_most("MiB are left", server.left(), 3)
    ground.at_most("descriptors", server.descriptors(), descriptors)
    ground.calm(watch, 1)
    ground.at_most("99th honest ping", watch.percentile(0.99), 0.1 * ground.pace + 5 * watch.quiet, " s")
