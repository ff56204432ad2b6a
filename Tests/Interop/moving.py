#!/usr/bin/env python3
"""A file on a stream that moves, in network namespaces of this test's own: its lines are cut, addresses change, the relay goes.

    moving.py --command .build/optimised/release/causeway --copy .build/examples/debug/Copy

Two peers meet over a relay, and one sends the other a file of 20 MB by a resumable stream. On the way, the line between the two is cut
twice, the sender gets another address twice, and the relay is killed. The file arrives whole, and bytes never stop for more than 5 s.
"""

import argparse
import hashlib
import os
import subprocess
import sys
import tempfile
import threading
import time

import namespaces

SIZE = 20_000_000
STALL = 5.0
# What a busy machine may add.
SLACK = 3.0
RATE = "16mbit"
results = []


def tell(name, ok, seen):
    results.append(ok)
    print(f"{'ok  ' if ok else 'FAIL'} {name}: {seen}", flush=True)


class Program:
    """A program on a host, and its lines with the moment of each."""

    def __init__(self, host, *words):
        self.process = subprocess.Popen([*host.prefix, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        self.lines = []
        self.changed = threading.Condition()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            with self.changed:
                self.lines.append((time.monotonic(), line.strip()))
                self.changed.notify_all()

    def wait(self, matches, within):
        """The first line that matches, also an earlier one. None: there was none in time."""
        end = time.monotonic() + within
        seen = 0
        with self.changed:
            while True:
                for _, line in self.lines[seen:]:
                    seen += 1
                    if matches(line):
                        return line
                if not self.changed.wait(max(0.0, end - time.monotonic())) and time.monotonic() >= end:
                    return None

    def stop(self):
        self.process.kill()
        self.process.wait()


def received(line):
    words = line.split()
    return int(words[1]) if words[:1] == ["received"] else 0


def cut(host, other):
    for rule in (
        "add table inet cut",
        "add chain inet cut in { type filter hook input priority 0; }",
        "add chain inet cut out { type filter hook output priority 0; }",
        f"add rule inet cut in ip saddr {other} drop",
        f"add rule inet cut out ip daddr {other} drop",
    ):
        namespaces.run("nft", rule, within=host)


def mend(host):
    namespaces.run("nft", "delete table inet cut", within=host)


def move(old, new):
    """The sender's machine gets another address for the one that it has."""
    namespaces.run("ip", "addr", "del", f"{old}/24", "dev", "eth0", within=sender)
    namespaces.run("ip", "addr", "add", f"{new}/24", "dev", "eth0", within=sender)


def transfer(folder):
    with open(f"{folder}/sent", "wb") as file:
        file.write(os.urandom(SIZE))
    relay = Program(
        far, arguments.command, "relay", "--listen", "/ip4/10.89.0.1/tcp/4001", "--ephemeral", "--circuit-data", "1GiB", "--circuit-time",
        "600s")
    address = relay.wait(lambda line: "/ip4/10.89.0.1/tcp/4001/p2p/" in line, 20)
    address = next(word for word in address.split() if word.startswith("/ip4/10.89.0.1/tcp"))
    taker = Program(receiver, arguments.copy, address, f"{folder}/received")
    circuit = taker.wait(lambda line: line.startswith("Copy "), 20)
    giver = Program(sender, arguments.copy, circuit.split()[1], f"{folder}/sent")
    steps = [
        (0.20, "the line between the two is cut", lambda: cut(sender, "10.89.0.3")),
        (0.40, "the line is mended, and the sender has another address", lambda: (mend(sender), move("10.89.0.2", "10.89.0.12"))),
        (0.60, "the line is cut again", lambda: cut(sender, "10.89.0.3")),
        (0.70, "it is mended, and the sender has its first address again", lambda: (mend(sender), move("10.89.0.12", "10.89.0.2"))),
        (0.85, "the relay is killed", relay.stop),
    ]
    for share, name, work in steps:
        reached = taker.wait(lambda line: received(line) >= share * SIZE, 60)
        tell(f"{share:.0%} arrived, then {name}", reached is not None, reached)
        work()
    last = giver.wait(lambda line: line.startswith("received "), 60)
    tell("the file arrived", last is not None and f"received {SIZE} bytes" in last, last)
    moments = [at for at, line in taker.lines if received(line)]
    stall = max((b - a for a, b in zip(moments, moments[1:])), default=float("inf"))
    tell("bytes never stopped for long", stall < STALL + SLACK, f"{stall:.1f} s at most")
    same = [hashlib.sha256(open(f"{folder}/{name}", "rb").read()).hexdigest() for name in ("sent", "received")]
    tell("the file is the same", same[0] == same[1], same[1][:16])
    for program in (giver, taker, relay):
        program.stop()


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--command", required=True, help="causeway")
parser.add_argument("--copy", required=True, help="the example Copy")
arguments = parser.parse_args()
arguments.command, arguments.copy = (os.path.abspath(path) for path in (arguments.command, arguments.copy))
namespaces.enter()
os.environ["PATH"] += ":/usr/sbin:/sbin"
network = namespaces.bridge("network")
far, sender, receiver = (namespaces.Host().attach(network, f"10.89.0.{number}/24") for number in (1, 2, 3))
try:
    for host in (sender, receiver):
        namespaces.run("tc", "qdisc", "add", "dev", "eth0", "root", "tbf", "rate", RATE, "burst", "32kb", "latency", "100ms", within=host)
    with tempfile.TemporaryDirectory() as folder:
        transfer(folder)
finally:
    for host in (far, sender, receiver):
        host.end()
print(f"{results.count(True)} passed, {results.count(False)} failed")
sys.exit(0 if results and all(results) else 1)
