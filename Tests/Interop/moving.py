#!/usr/bin/env python3
"""A file on a stream that moves, in network namespaces of this test's own: its lines are cut, addresses change, the relay goes.

    moving.py --command .build/optimised/release/causeway --copy .build/examples/debug/Copy

Two peers meet over a relay, and one sends the other a file of 20 MB by a resumable stream. On the way, the line between the two is cut
twice, the sender gets another address twice, and the relay is killed. The file arrives whole, and bytes never stop for more than 5 s.
"""

import argparse
import os
import sys
import tempfile

import copying
import namespaces
from copying import RECEIVER, SENDER, cut, mend, received

SIZE = 20_000_000
STALL = 5.0
# What a busy machine may add.
SLACK = 3.0
RATE = "16mbit"
OTHER = "10.89.0.12"
results = []


def tell(name, ok, seen):
    results.append(ok)
    print(f"{'ok  ' if ok else 'FAIL'} {name}: {seen}", flush=True)


def move(old, new):
    """The sender's machine gets another address for the one that it has."""
    namespaces.run("ip", "addr", "del", f"{old}/24", "dev", "eth0", within=lab.sender)
    namespaces.run("ip", "addr", "add", f"{new}/24", "dev", "eth0", within=lab.sender)


def transfer(folder):
    copying.make(f"{folder}/sent", SIZE)
    relay, address = lab.relay()
    giver, taker = lab.start(address, f"{folder}/sent", f"{folder}/received")
    steps = [
        (0.20, "the line between the two is cut", lambda: cut(lab.sender, RECEIVER)),
        (0.40, "the line is mended, and the sender has another address", lambda: (mend(lab.sender), move(SENDER, OTHER))),
        (0.60, "the line is cut again", lambda: cut(lab.sender, RECEIVER)),
        (0.70, "it is mended, and the sender has its first address again", lambda: (mend(lab.sender), move(OTHER, SENDER))),
        (0.85, "the relay is killed", relay.stop),
    ]
    for share, name, work in steps:
        reached = taker.wait(lambda line: received(line) >= share * SIZE, 60)
        tell(f"{share:.0%} arrived, then {name}", reached is not None, reached)
        work()
    last = giver.wait(lambda line: line.startswith("received "), 60)
    tell("the file arrived", last is not None and f"received {SIZE} bytes" in last, last)
    stall = max(copying.stalls(taker), default=float("inf"))
    tell("bytes never stopped for long", stall < STALL + SLACK, f"{stall:.1f} s at most")
    same = [copying.digest(f"{folder}/{name}") for name in ("sent", "received")]
    tell("the file is the same", same[0] == same[1], same[1][:16])
    for program in (giver, taker, relay):
        program.stop()


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--command", required=True, help="causeway")
parser.add_argument("--copy", required=True, help="the example Copy")
arguments = parser.parse_args()
namespaces.enter()
os.environ["PATH"] += ":/usr/sbin:/sbin"
lab = copying.Lab(arguments.command, arguments.copy)
try:
    for host in (lab.sender, lab.receiver):
        namespaces.run("tc", "qdisc", "add", "dev", "eth0", "root", "tbf", "rate", RATE, "burst", "32kb", "latency", "100ms", within=host)
    with tempfile.TemporaryDirectory() as folder:
        transfer(folder)
finally:
    lab.end()
print(f"{results.count(True)} passed, {results.count(False)} failed")
sys.exit(0 if results and all(results) else 1)
