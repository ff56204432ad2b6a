#!/usr/bin/env python3
"""All peers of a relay come back within half a minute: each makes a connection and a reservation, and keeps them.

    storm.py --us TESTPEER [--peers 10000] [--seconds 30] [--quick]

The hostile node of Tests/Adversary plays the peers, politely: a handshake, identify, and RESERVE, at moments drawn evenly from the time. In the
middle of it the relay is killed, and started again under the same key and port: whoever was there comes back at moments drawn from as much time.
Measured are the time from connecting to the granted reservation, and the relay's CPU. Generator and relay share the machine, so the times are
upper bounds. Linux only: reads /proc.
"""
import argparse
import multiprocessing
import os
import queue
import random
import resource
import socket
import sys
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "Tests", "Adversary"))

import closing  # noqa: E402
import relay as circuits  # noqa: E402
import victims  # noqa: E402
import wire  # noqa: E402
import yamux  # noqa: E402

GENERATORS = 4
# Of each generator: how many dials wait for an answer at the same time.
CALLERS = 32
PATIENCE = 15
WANTED = 2.0


def generate(number, address, count, seconds, results):
    """One generator's peers: their times and failures, when the last has its answer. They stay until the process ends."""
    threading.stack_size(128 << 10)
    choice, began, moments = random.Random(number), time.monotonic(), queue.SimpleQueue()
    for moment in sorted(choice.uniform(0, seconds) for _ in range(count)):
        moments.put(moment)
    times, failures, kept, late = [], [], [], []

    def call():
        while True:
            try:
                moment = moments.get_nowait()
            except queue.Empty:
                return
            time.sleep(max(0.0, began + moment - time.monotonic()))
            start = time.monotonic()
            late.append(start - began - moment)
            try:
                # Many addresses, because one has ports for half as many connections.
                connection = yamux.dial(address, source=f"127.0.{number + 1}.{choice.randrange(1, 255)}", timeout=PATIENCE)
                kept.append(connection)
                status = circuits.reserve(connection, PATIENCE)
                if status != circuits.OK:
                    failures.append(f"status {status}")
                times.append(time.monotonic() - start)
            except (OSError, wire.WireError) as error:
                failures.append(str(error))

    callers = [threading.Thread(target=call) for _ in range(CALLERS)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    results.put((times, failures, max(late), time.monotonic() - began))
    threading.Event().wait()


class Wave:
    """All peers, from the first dial to the last answer."""

    def __init__(self, peer, options):
        results = multiprocessing.Queue()
        peer.measured.mark()
        shares = [options.peers // GENERATORS + (number < options.peers % GENERATORS) for number in range(GENERATORS)]
        self.generators = [multiprocessing.Process(target=generate, args=(number, peer.direct, share, options.seconds, results), daemon=True)
                           for number, share in enumerate(shares)]
        for generator in self.generators:
            generator.start()
        answers = [results.get(timeout=options.seconds + 8 * PATIENCE) for _ in self.generators]
        self.times = sorted(sum((answer[0] for answer in answers), []))
        self.failures = sum((answer[1] for answer in answers), [])
        self.late = max(answer[2] for answer in answers)
        self.took = max(answer[3] for answer in answers)
        self.cpu, self.memory, self.descriptors = peer.measured.spent(), peer.measured.grown(), peer.measured.descriptors()

    def percentile(self, share):
        return self.times[min(int(len(self.times) * share), len(self.times) - 1)] if self.times else float("inf")

    def end(self):
        for generator in self.generators:
            generator.kill()
            generator.join()

    def __str__(self):
        return (f"{len(self.times)} reservations in {self.took:.1f} s; {1000 * self.percentile(.5):.0f} ms at half, "
                f"{1000 * self.percentile(.99):.0f} ms at 99 %, {1000 * self.percentile(1):.0f} ms at most; the relay's CPU {self.cpu:.1f} s, "
                f"{1e6 * self.cpu / max(len(self.times), 1):.0f} us each; {self.memory:.0f} MiB, {self.descriptors} descriptors; "
                f"dials late by {self.late:.1f} s at most")


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--us", required=True, help="our test peer")
    parser.add_argument("--peers", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--quick", action="store_true", help="a tenth of the peers in a tenth of the time")
    options = parser.parse_args()
    if options.quick:
        options.peers, options.seconds = options.peers // 10, options.seconds / 10
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    configuration = dict(listen=[f"/ip4/127.0.0.1/tcp/{free_port()}"], seed=1, relay={"reservations": options.peers, "ttl": 3600})
    checks = []
    for name in ("they come", "they come back"):
        with victims.Peer(options.us, **configuration) as peer:
            wave = Wave(peer, options)
            print(f"{name}: {wave}", flush=True)
            checks += [
                (len(wave.times) == options.peers and not wave.failures,
                 f"{name}: {len(wave.times)} of {options.peers} have a reservation; failures: {wave.failures[:3]}"),
                (wave.took <= options.seconds + WANTED, f"{name}: the last one after {wave.took:.1f} s of {options.seconds:.0f}"),
                (wave.percentile(.99) < WANTED, f"{name}: 99 % wait for less than {wave.percentile(.99):.2f} s"),
            ]
            peer.stop(kill=True)
        wave.end()
    closing.close(checks)


if __name__ == "__main__":
    main()
