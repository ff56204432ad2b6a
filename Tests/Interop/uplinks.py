#!/usr/bin/env python3
"""A file between machines whose uplinks change, and between machines of many addresses, in network namespaces of this test's own.

    uplinks.py --command .build/optimised/release/causeway --copy .build/examples/debug/Copy [--quick]

Two peers meet over a relay that has both families, and one sends the other a file by a resumable stream. On the way, one of them changes its
uplink nine times: another address of the family that it has, the other family, both, one of them, another interface. Then the other one does.
Bytes never stop for more than 5 s. Then both have 8 and 32 addresses, and one of them loses all but the last.
"""

import argparse
import os
import sys
import tempfile

import copying
import namespaces
from copying import Program, received

STALL = 5.0
# What a busy machine may add.
SLACK = 3.0
RATE = "16mbit"
# What has to arrive before the next change, in bytes.
STEP = 2_000_000
RELAY = ("5.89.0.1", "2a0f:89::1")
results = []


def tell(name, ok, seen):
    results.append(ok)
    print(f"{'ok  ' if ok else 'FAIL'} {name}: {seen}", flush=True)


class Machine:
    """A host with two interfaces in one network. `number` is the first of its addresses."""

    def __init__(self, number):
        self.number = number
        self.host = namespaces.Host().attach("network", f"5.89.0.{number}/24").attach("network", f"5.89.0.{number + 1}/24")
        self.has("4")
        for device in ("eth0", "eth1"):
            namespaces.run("tc", "qdisc", "add", "dev", device, "root", "tbf", "rate", RATE, "burst", "32kb", "latency", "100ms", within=self.host)

    def has(self, uplink, device="eth0", count=1, first=0):
        """`count` addresses of each of these families, and no others, on one interface; the other one is down."""
        for name in ("eth0", "eth1"):
            namespaces.run("ip", "addr", "flush", "dev", name, within=self.host)
            namespaces.run("ip", "link", "set", name, "up" if name == device else "down", within=self.host)
        for number in range(self.number + first, self.number + first + count):
            # At once, without asking first whether another host has it.
            for family, words in (("4", (f"5.89.0.{number}/24",)), ("6", (f"2a0f:89::{number}/64", "nodad"))):
                if family in uplink:
                    namespaces.run("ip", "addr", "add", *words, "dev", device, within=self.host)


def relay():
    """A relay that lets files through, and its addresses."""
    program = Program(
        far, arguments.command, "relay", *(word for ip in RELAY for word in ("--listen", f"/ip{6 if ':' in ip else 4}/{ip}/tcp/4001")),
        "--ephemeral", "--circuit-data", "1GiB", "--circuit-time", "600s")
    lines = [program.wait(lambda line: f"/{ip}/tcp/4001/p2p/" in line, 20) for ip in RELAY]
    return program, [next(word for word in line.split() if f"/{ip}/" in word) for ip, line in zip(RELAY, lines)]


def copy(name, steps, family=0):
    """A file during which one step is made after the other, each with its name."""
    size = STEP * (len(steps) + 1)
    copying.make(f"{folder}/sent", size)
    server, addresses = relay()
    taker = Program(takers.host, arguments.copy, addresses[family], f"{folder}/received")
    circuit = taker.wait(lambda line: line.startswith("Copy "), 60)
    giver = Program(givers.host, arguments.copy, circuit.split()[1], f"{folder}/sent")
    for number, (what, work) in enumerate(steps):
        if taker.wait(lambda line: received(line) >= STEP * (number + 1), 30) is None:
            break
        print(f"     {name}: {what}", flush=True)
        work()
    last = giver.wait(lambda line: line.startswith("received "), 60)
    stall = max(copying.stalls(taker), default=float("inf"))
    whole = last is not None and copying.digest(f"{folder}/sent") == copying.digest(f"{folder}/received")
    tell(name, whole and stall < STALL + SLACK, f"{last or 'it did not arrive'}; {stall:.1f} s at most without a byte")
    for program in (giver, taker, server):
        program.stop()


def changes(machine):
    return [
        ("another IPv4 address", lambda: machine.has("4", first=1)),
        ("IPv6 for IPv4", lambda: machine.has("6")),
        ("another IPv6 address", lambda: machine.has("6", first=1)),
        ("IPv4 for IPv6", lambda: machine.has("4")),
        ("both for IPv4", lambda: machine.has("46", first=1)),
        ("IPv6 alone", lambda: machine.has("6", first=1)),
        ("both for IPv6", lambda: machine.has("46")),
        ("IPv4 alone", lambda: machine.has("4")),
        ("another interface", lambda: machine.has("4", "eth1")),
    ]


def run():
    for name, machine in (("the sender's uplink", givers), ("the receiver's uplink", takers)):
        for one in (givers, takers):
            one.has("4")
        copy(name, changes(machine)[:4 if arguments.quick else 9])
    for count in (8, 32):
        for one in (givers, takers):
            one.has("46", count=count // 2)
        copy(f"{count} addresses each", [(f"the last two of {count}", lambda: givers.has("46", first=count // 2 - 1))], family=1)


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--command", required=True, help="causeway")
parser.add_argument("--copy", required=True, help="the example Copy")
parser.add_argument("--quick", action="store_true", help="four changes of each side, not nine")
arguments = parser.parse_args()
namespaces.enter()
os.environ["PATH"] += ":/usr/sbin:/sbin"
arguments.command, arguments.copy = os.path.abspath(arguments.command), os.path.abspath(arguments.copy)
namespaces.bridge("network")
far = namespaces.Host().attach("network", f"{RELAY[0]}/24")
namespaces.run("ip", "addr", "add", f"{RELAY[1]}/64", "dev", "eth0", "nodad", within=far)
givers, takers = Machine(50), Machine(100)
try:
    with tempfile.TemporaryDirectory() as folder:
        run()
finally:
    for host in (far, givers.host, takers.host):
        host.end()
print(f"{results.count(True)} passed, {results.count(False)} failed")
sys.exit(0 if results and all(results) else 1)
