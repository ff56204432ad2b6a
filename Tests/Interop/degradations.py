#!/usr/bin/env python3
"""Files between homes on lines of every quality, behind the NATs of natlab.

    degradations.py --command .build/optimised/release/causeway --copy .build/examples/debug/Copy --natlab ../shared/natlab [--quick]

Two peers behind NATs meet over a public relay, and one sends the other a file by a resumable stream. On each rung both homes have a line of that
quality: the file arrives whole within the rung's time. Then lines are out for 5 s, a NAT and the relay are restarted, an uplink gets another
address, UDP is blocked, only the web's ports are open, and NATs let nothing direct through.
"""

import argparse
import os
import sys
import tempfile
import time

import copying
from copying import Program, received

HOME = "port-restricted"
# Of both homes: the line's delay one way, its jitter and loss, the rate in Mbit/s, the file's size in kB, the seconds that it may take.
RUNGS = {
    "Ethernet": ("1ms", "0s", 0, 100, 10_000, 10),
    "fibre": ("5ms", "0s", 0, 100, 10_000, 10),
    "good Wi-Fi": ("3ms", "1ms", 0.001, 50, 8_000, 15),
    "busy Wi-Fi": ("10ms", "5ms", 0.01, 20, 4_000, 20),
    "bad Wi-Fi": ("20ms", "15ms", 0.03, 5, 1_000, 30),
    "DSL": ("12ms", "0s", 0, 16, 4_000, 15),
    "good 4G": ("22ms", "5ms", 0.005, 30, 4_000, 20),
    "4G in a train": ("30ms", "30ms", 0.01, 10, 2_000, 30),
    "4G at the edge": ("45ms", "10ms", 0.02, 8, 1_000, 30),
    "3G": ("75ms", "20ms", 0.01, 2, 500, 30),
    "EDGE": ("200ms", "50ms", 0.02, 0.25, 60, 60),
    "satellite, 600 ms": ("150ms", "0s", 0.005, 10, 1_000, 40),
    "low satellites": ("15ms", "7ms", 0.01, 50, 4_000, 20),
    "another continent": ("60ms", "0s", 0, 50, 4_000, 20),
    "much jitter": ("40ms", "39ms", 0, 10, 2_000, 30),
    "loss of 5 %": ("10ms", "0s", 0.05, 10, 1_000, 30),
    "loss of 10 %": ("10ms", "0s", 0.1, 10, 300, 40),
    "absurd": ("250ms", "50ms", 0.05, 1, 50, 90),
}
QUICK = ("busy Wi-Fi", "4G at the edge")
results = []


def tell(name, ok, seen):
    results.append(ok)
    print(f"{'ok  ' if ok else 'FAIL'} {name}: {seen}", flush=True)


def relay(lab):
    """A relay that lets files through, and its address. It keeps its key, so it comes back under its name."""
    listen = [f"/ip4/{lab.relay.ip}/tcp/4001", f"/ip4/{lab.relay.ip}/tcp/443"]
    program = Program(
        lab.relay, arguments.command, "relay", *(word for one in listen for word in ("--listen", one)), "--key", f"{folder}/relay.key",
        "--circuit-data", "1GiB", "--circuit-time", "600s")
    line = program.wait(lambda line: listen[1] + "/p2p/" in line, 20)
    return program, next(word for word in line.split() if word.startswith(listen[1]))


def copy(name, size, patience, lab, during=None, mbit=16.0):
    """One file of `size` kB. `during` is called when a third of it has arrived."""
    for host in ("a", "b"):
        rate, burst = f"{int(mbit * 1000)}kbit", max(4, int(mbit * 2))
        lab.host(host).run("tc", "qdisc", "replace", "dev", "eth0", "root", "tbf", "rate", rate, "burst", f"{burst}kb", "latency", "300ms", check=True)
    copying.make(f"{folder}/sent", size * 1000)
    server, address = relay(lab)
    began = time.monotonic()
    taker = Program(lab.host("b"), arguments.copy, address, f"{folder}/received")
    circuit = taker.wait(lambda line: line.startswith("Copy "), patience)
    if circuit is None:
        server.stop(), taker.stop()
        return tell(name, False, "the receiver had no place at the relay in time")
    giver = Program(lab.host("a"), arguments.copy, circuit.split()[1], f"{folder}/sent")
    if during:
        taker.wait(lambda line: received(line) > size * 333, patience)
        server = during(server) or server
    last = giver.wait(lambda line: line.startswith("received "), patience + 5)
    took = time.monotonic() - began
    whole = last is not None and copying.digest(f"{folder}/sent") == copying.digest(f"{folder}/received")
    longest = max(copying.stalls(taker), default=0)
    seen = f"{size:,} kB in {took:.1f} s, {last.split()[-1]} moves, {longest:.1f} s at most without a byte" if last else "it did not arrive"
    tell(name, whole and took <= patience + arguments.slack, seen)
    for program in (giver, taker, server):
        program.stop()


def outage(lab):
    for name in ("a", "b"):
        lab.cut(name)
    time.sleep(5)
    for name in ("a", "b"):
        lab.heal(name)


def restart(lab, server):
    server.stop()
    return relay(lab)[0]


def run(natlab):
    def homes(a=HOME, b=HOME, **changes):
        return natlab.Lab(nats={"a": natlab.nat(a).replace(**changes), "b": natlab.nat(b).replace(**changes)}, latency="10ms")

    for name, (latency, jitter, loss, mbit, size, patience) in RUNGS.items():
        if not arguments.quick or name in QUICK:
            with homes(latency=latency, jitter=jitter, loss=loss) as lab:
                copy(name, size, patience, lab, mbit=mbit)
    for name, a, b, during in (
        ("all lines are out for 5 s", HOME, HOME, lambda lab, server: outage(lab)),
        ("a NAT is restarted", HOME, HOME, lambda lab, server: lab.rebind("a")),
        ("a NAT is restarted and has another address", HOME, HOME, lambda lab, server: lab.rebind("a", "5.99.0.1")),
        ("the relay is restarted", HOME, HOME, lambda lab, server: restart(lab, server)),
        ("UDP is blocked", "udp-blocked", "udp-blocked", None),
        ("only the web's ports are open", "web-only", "web-only", None),
        ("nothing direct: symmetric at both ends", "symmetric-random", "symmetric-random", None),
        ("the relay of a relayed stream is restarted", "symmetric-random", "symmetric-random", lambda lab, server: restart(lab, server)),
    ):
        with homes(a, b) as lab:
            copy(name, 4_000, 25, lab, during=during and (lambda server: during(lab, server)))


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--command", required=True, help="causeway")
parser.add_argument("--copy", required=True, help="the example Copy")
parser.add_argument("--natlab", required=True, help="the folder of natlab.py")
parser.add_argument("--quick", action="store_true", help="two rungs of the eighteen, and what is done to lines")
parser.add_argument("--slack", type=float, default=5, help="seconds that a busy machine may add")
arguments = parser.parse_args()
arguments.command, arguments.copy = os.path.abspath(arguments.command), os.path.abspath(arguments.copy)
sys.path.insert(0, os.path.abspath(arguments.natlab))
os.environ["PATH"] += ":/usr/sbin:/sbin"
import natlab  # noqa: E402

natlab.require()
with tempfile.TemporaryDirectory() as folder:
    run(natlab)
print(f"{results.count(True)} passed, {results.count(False)} failed")
sys.exit(0 if results and all(results) else 1)
