#!/usr/bin/env python3
"""What a stranger's datagram costs a relay that listens for /webrtc-direct: microseconds of CPU for each kind.

    packets.py --us RELAY [--runs N] [--seconds S] [--keep]

The relay has its usual limits. The load comes from 1,000 addresses in a network namespace, in bursts of 5 ms; CPU time is the relay's own,
with the kernel's part in it, from /proc. Needs Linux.
"""
import argparse
import glob
import os
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "Tests", "Adversary"))

import datagrams  # noqa: E402
import network  # noqa: E402
import victims  # noqa: E402

SOURCES = 1000


def wrong_check():
    return datagrams.check(password=b"wrong")


# What comes, how it is made, how many a second, and what becomes of it. What is answered or begun has a rate that the allowances grant.
KINDS = [
    ("garbage", lambda: [b"\xff" + os.urandom(200)], 40_000, "dropped: no kind of datagram"),
    ("DTLS of nobody", lambda: [datagrams.hello()], 40_000, "dropped: no association is bound to its source"),
    ("STUN that is broken", lambda: [datagrams.check()[:-4]], 40_000, "dropped: it is no message"),
    ("check of another protocol", lambda: [datagrams.check(b"")], 40_000, "refused: no version of /webrtc-direct"),
    ("check that is forged", lambda: [wrong_check()], 40_000, "refused: not intact"),
    ("check above the allowance", lambda: [datagrams.check()], 40_000, "refused by the gate, but for 200 a second"),
    ("plain request above the allowance", lambda: [datagrams.stun()], 40_000, "refused, but for 2,000 a second"),
    ("plain request", lambda: [datagrams.stun()], 1_500, "answered"),
    ("check", lambda: [datagrams.check()], 150, "answered; an association begins"),
    ("check and hello", lambda: [datagrams.check(), datagrams.hello()], 300, "the check is answered; a handshake begins"),
]


def cpu(process):
    """Nanoseconds of all its threads."""
    total = 0
    for path in glob.glob(f"/proc/{process.pid}/task/*/schedstat"):
        with open(path) as figures:
            total += int(figures.read().split()[0])
    return total


def measure(program, make, rate, seconds):
    """Microseconds a datagram, and how many answers came to a hundred."""
    with victims.Relay(program, "--listen", "/ip4/10.77.0.1/udp/0/webrtc-direct") as relay:
        sources = datagrams.Sources(SOURCES, datagrams.endpoint(relay.direct))
        what = [make() for _ in range(2000)]
        time.sleep(0.5)
        before = cpu(relay.process)
        sent = sources.flood(rate, seconds, *what)
        time.sleep(0.3)
        spent = cpu(relay.process) - before
        answers = sources.answers()
        sources.close()
        return spent / sent / 1000, 100 * answers / sent


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--us", required=True, help="the causeway command")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3, help="of load for each kind")
    parser.add_argument("--keep", action="store_true", help="writes PACKETS.md")
    options = parser.parse_args()
    network.enter()
    if not network.is_own():
        sys.exit("packets: no network of its own (unshare and ip, and the right to use them)")
    network.prepare()
    lines = ["| datagram | a second | µs each | answers to 100 | what becomes of it |", "|---|---|---|---|---|"]
    for name, make, rate, fate in KINDS:
        runs = [measure(options.us, make, rate, options.seconds) for _ in range(options.runs)]
        times, answers = [run[0] for run in runs], statistics.median(run[1] for run in runs)
        lines.append(f"| {name} | {rate:,} | {statistics.median(times):.3g} ({min(times):.3g}-{max(times):.3g}) | {answers:.0f} | {fate} |")
        print(lines[-1], flush=True)
    if options.keep:
        keep("\n".join(lines), options)


def keep(text, options):
    def first(command):
        return subprocess.run(command, capture_output=True, text=True, cwd=HERE).stdout.strip() or "unknown"
    with open("/proc/cpuinfo") as info:
        model = next(line.split(":", 1)[1].strip() for line in info if line.startswith("model name"))
    with open(os.path.join(HERE, "PACKETS.md"), "w") as file:
        file.write(f"""# Packets

What a stranger's datagram costs a relay (`causeway relay`, release build, usual limits) that listens for `/webrtc-direct`, in microseconds of its CPU, the kernel's part included.
Medians (range) of {options.runs} runs. At low rates each datagram wakes the relay alone, at high rates many come at once.

- Date: {time.strftime("%Y-%m-%d", time.gmtime())}. Source: {first(["git", "describe", "--always", "--dirty"])}.
- Machine: {os.cpu_count()} x {model}, Linux {os.uname().release}.
- Method: `python3 Benchmarks/packets.py --us .build/optimised/release/causeway --keep`: {options.seconds:g} s of load from {SOURCES:,} addresses of a network namespace, a fresh relay each.

{text}
""")


if __name__ == "__main__":
    main()
