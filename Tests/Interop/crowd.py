#!/usr/bin/env python3
"""Connections that come and go at a relay of ours, in every manner, polite and not: afterwards its descriptors and its memory are where they were.

    crowd.py --us PROGRAM [--peers DIRECTORY] [--connections 15000] [--duels 40]

Half are whole libp2p connections (handshake, identify, good-bye). The rest stop half-way: they say nothing, or a part of a handshake, or nonsense,
and end by closing, by a reset, or by waiting until the relay has had enough. Now and then a process that holds many reservations is killed.
Measured after a tenth of them as a warm-up, and after all. Linux only: reads /proc.

Meanwhile two of our peers dial each other in the same instant, directly and through a relay: both dials succeed, no stream is lost, and some
seconds later one connection is left.
"""
import argparse
import collections
import concurrent.futures
import importlib
import os
import random
import socket
import struct
import sys
import time

import closing

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BATCH = 250
CALLERS = 2
HOLDERS = 25
# What the relay may keep beyond the warm-up, in bytes: its allocator's holes. A leak of 300 bytes a connection would show.
SLACK = 4 << 20


def multistream(*protocols):
    return b"".join(bytes([len(text) + 1]) + text.encode() + b"\n" for text in protocols)


def frame(message):
    return struct.pack(">H", len(message)) + message


def upgrade(path="/"):
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" \
           "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()


HELLO = multistream("/multistream/1.0.0", "/noise")
# What is sent, in pieces with an answer awaited after each; by the listener's port.
MANNERS = {
    "silent": ("tcp", []),
    "one byte": ("tcp", [b"\x13"]),
    "proposal": ("tcp", [HELLO]),
    "unknown proposal": ("tcp", [multistream("/multistream/1.0.0", "/tls/1.0.0")]),
    "first Noise message": ("tcp", [HELLO, frame(os.urandom(32))]),
    "wrong Noise messages": ("tcp", [HELLO, frame(os.urandom(32)), frame(os.urandom(200))]),
    "half a Noise message": ("tcp", [HELLO, frame(os.urandom(32)), b"\xff\xff" + os.urandom(3000)]),
    "nonsense": ("tcp", [os.urandom(5000)]),
    "half a head": ("ws", [upgrade()[:40]]),
    "head": ("ws", [upgrade()]),
    "wrong head": ("ws", [b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"]),
    "unmasked frame": ("ws", [upgrade(), b"\x82\x14" + multistream("/multistream/1.0.0")]),
}


class Relay:
    """The relay under test, seen from outside."""

    def __init__(self, peer):
        self.peer, self.directory = peer, f"/proc/{peer.process.pid}"
        self.ports = {name: int(peer.address(*parts, without=without).split("/tcp/")[1].split("/")[0])
                      for name, parts, without in (("tcp", ("/tcp/",), ("/ws",)), ("ws", ("/ws",), ()))}
        self.peak = 0

    def descriptors(self):
        count = len(os.listdir(self.directory + "/fd"))
        self.peak = max(self.peak, count)
        return count

    def memory(self):
        with open(self.directory + "/status") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmRSS"))

    def peers(self):
        return len(self.peer("peers")["peers"])

    def idle(self):
        """Descriptors when they have not changed for a second: the process opens timers of its own a moment after it is ready, and libuv
        opens a spare one with the first socket of a loop."""
        for port in self.ports.values():
            socket.create_connection(("127.0.0.1", port), timeout=10).close()
        count, since = self.descriptors(), time.monotonic()
        while time.monotonic() - since < 1:
            time.sleep(0.05)
            if self.descriptors() != count:
                count, since = self.descriptors(), time.monotonic()
        return count

    def settled(self, descriptors, memory, patience):
        """Descriptors and memory when both are at most what is given, or when `patience` is over."""
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline and (self.descriptors() > descriptors or self.memory() > memory or self.peers() > 0):
            time.sleep(0.5)
        return self.descriptors(), self.memory()


class Tally:
    def __init__(self):
        self.manners, self.unanswered, self.failed = collections.Counter(), [], 0


def begin(relay, manner, tally):
    """A connection that has said what it has to say."""
    port, pieces = MANNERS[manner]
    link = socket.create_connection(("127.0.0.1", relay.ports[port]), timeout=10)
    try:
        for number, piece in enumerate(pieces):
            link.sendall(piece)
            if number + 1 < len(pieces):
                link.recv(4096)
    except OSError as error:
        tally.unanswered.append(f"{manner}: {error}")
    return link


def end(link, way):
    if way == "reset":
        link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    elif way == "half":
        try:
            link.shutdown(socket.SHUT_WR)
        except OSError:
            pass
    link.close()


def wave(relay, driver, callers, count, choice, tally, waiting):
    """`count` connections: one half by our peers, the other by hand, all at the same time."""
    address = relay.peer.address("/tcp/", without=("/ws",))
    web = relay.peer.address("/ws")
    whole = count // 2
    shares = [whole // len(callers) + (number < whole % len(callers)) for number in range(len(callers))]
    answers = [caller.start("churn", addr=(address, web)[number % 2], count=share, timeoutMs=120_000)
               for number, (caller, share) in enumerate(zip(callers, shares))]
    links = []
    for _ in range(count - whole):
        manner = choice.choice(list(MANNERS))
        links.append(begin(relay, manner, tally))
        tally.manners[manner] += 1
    relay.descriptors()
    for link in links:
        # Some wait for the relay to lose its patience.
        if choice.random() < 0.03 and len(waiting) < 200:
            waiting.append(link)
        else:
            end(link, choice.choice(("close", "reset", "half")))
    for answer in answers:
        tally.failed += answer(120)["failed"]
    tally.manners["whole"] += whole


def killed(relay, driver, tally):
    """A process full of peers with reservations goes without a word."""
    with driver.Peer("us", listen=[]) as holder:
        tally.failed += holder("crowd", addr=relay.peer.address("/tcp/", without=("/ws",)), count=HOLDERS, reserve=True, within=60)["failed"]
        relay.descriptors()
        holder.stop(kill=True)
    tally.manners["killed with reservation"] += HOLDERS


def connections(relay, driver, callers, count, choice, tally):
    began, done, waiting = time.monotonic(), 0, []
    rounds = max(count // BATCH, 1)
    for number in range(rounds):
        wave(relay, driver, callers, BATCH, choice, tally, waiting)
        done += BATCH
        if number % max(rounds // 5, 5) == 4:
            killed(relay, driver, tally)
        if number % max(rounds // 5, 1) == 0:
            print(f"{time.monotonic() - began:5.0f} s: {done} connections, {relay.descriptors()} descriptors, {relay.memory() / 1e6:.1f} MB",
                  flush=True)
    for link in waiting:
        # The relay's deadline for handshakes ends them.
        link.settimeout(30)
        try:
            while link.recv(4096):
                pass
        except ConnectionError:
            pass
        except TimeoutError:
            tally.unanswered.append("a connection without a handshake was left open")
        link.close()


def duels(driver, count, circuits):
    """Two peers dial each other in the same instant, `count` times at least: what was lost, in how many rounds both connections came to be,
    and how many connections each has some seconds after the last round, which was such a one."""
    listen = [] if circuits else ["/ip4/127.0.0.1/tcp/0"]
    service = {"reservations": 8, "ttl": 3600, "limited": False}
    lost, crossed = [], 0

    def attempt(waits, name):
        for wait in waits:
            try:
                if not wait(30).get("matched", True):
                    lost.append(f"{name}: echo differs")
            except driver.PeerError as error:
                lost.append(f"{name}: {error}")

    with driver.Peer("us", listen=["/ip4/127.0.0.1/tcp/0"], relay=service) as relay, \
            driver.Peer("us", listen=listen) as one, driver.Peer("us", listen=listen) as two:
        hub = relay.address("/tcp/")
        places = [peer.address("/tcp/") if listen else f"{hub}/p2p-circuit/p2p/{peer.id}" for peer in (one, two)]
        if circuits:
            for peer in (one, two):
                peer("reserve", addr=hub)

        def links():
            return [sum(link["peerId"] == other.id for link in peer("connections")["connections"]) for peer, other in ((one, two), (two, one))]

        for number in range(2 * count):
            attempt([one.start("dial", addr=places[1]), two.start("dial", addr=places[0])], f"dials {number}")
            both = max(links()) == 2
            crossed += both
            attempt([one.start("echo", peerId=two.id, bytes=300_000), two.start("echo", peerId=one.id, bytes=300_000)], f"echoes {number}")
            if both and number + 1 >= count:
                break
            for peer, other in ((one, two), (two, one)):
                peer("hangup", peerId=other.id)
            until(lambda: links() == [0, 0], 10)
        until(lambda: links() == [1, 1], 30)
        return lost, crossed, links()


def until(condition, seconds):
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--us", required=True, help="command line of our peer")
    parser.add_argument("--peers", default=os.path.join(ROOT, "Tests", "Peers"), help="the directory with driver.py")
    parser.add_argument("--connections", type=int, default=15000)
    parser.add_argument("--duels", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    sys.dont_write_bytecode = True
    sys.path.insert(0, options.peers)
    driver = importlib.import_module("driver")
    driver.COMMANDS["us"] = driver.shlex.split(options.us)
    choice, warm, tally = random.Random(options.seed), Tally(), Tally()
    service = {"reservations": 1000, "ttl": 3600, "limited": False}
    life = 600 + options.connections // 10
    pool = concurrent.futures.ThreadPoolExecutor()
    meetings = [(way, pool.submit(duels, driver, options.duels, way != "directly")) for way in ("directly", "through a relay")]
    with driver.Peer("us", listen=["/ip4/127.0.0.1/tcp/0", "/ip4/127.0.0.1/tcp/0/ws"], maxSeconds=life, relay=service) as peer:
        relay = Relay(peer)
        idle = relay.idle()
        callers = [driver.Peer("us", listen=[], maxSeconds=life) for _ in range(CALLERS)]
        try:
            connections(relay, driver, callers, options.connections // 10, choice, warm)
            first = relay.settled(idle, 0, patience=12)  # The allocator gives back what is free every few seconds.
            print(f"warm: {first[0]} descriptors, {first[1] / 1e6:.1f} MB", flush=True)
            connections(relay, driver, callers, options.connections, choice, tally)
        finally:
            for caller in callers:
                caller.stop()
        last = relay.settled(idle, first[1], patience=20)
        peers = relay.peers()
    total = sum(tally.manners.values())
    checks = [
        (tally.failed == 0 and warm.failed == 0, f"whole connections succeeded: {tally.manners['whole']}, {tally.failed + warm.failed} failed"),
        (not tally.unanswered, f"broken ones were answered or ended in time: {tally.unanswered[:5]}"),
        (first[0] == idle and last[0] == idle, f"descriptors: {idle} idle, up to {relay.peak}, {first[0]} warm, {last[0]} after {total} connections"),
        (last[1] <= first[1] + SLACK, f"memory: {first[1] / 1e6:.1f} MB warm, {last[1] / 1e6:.1f} MB after {total} connections"),
        (peers == 0, f"the relay's peers: {peers}"),
    ]
    for way, meeting in meetings:
        lost, crossed, left = meeting.result()
        checks.append((not lost, f"two peers dial each other {way}, {options.duels} times, both dials come through in {crossed}: lost {lost[:3]}"))
        checks.append((crossed > 0 and left == [1, 1], f"connections left to each of them: {left}"))
    closing.close(checks)


if __name__ == "__main__":
    main()
