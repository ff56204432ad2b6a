#!/usr/bin/env python3
"""A hostile node against a relay and a peer of ours, while honest peers are served: a row for each attack, what was seen, and its bound.

    attack.py --us RELAY --peer TESTPEER [--only NAME,NAME] [--quick] [--list] [--self-test]

Bounds of time and CPU are stretched by how slow the machine is at that moment and by what an honest peer sees in quiet.
Needs Linux (/proc). Attacks from many addresses run in a network namespace that the suite makes for itself.
"""
import argparse
import concurrent.futures
import importlib
import os
import pkgutil
import resource
import sys
import threading
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

import ground  # noqa: E402
import network  # noqa: E402

for module in pkgutil.iter_modules([os.path.join(HERE, "rows")]):
    importlib.import_module(f"rows.{module.name}")


class Table:
    """Prints the rows as they come, and the closing line."""

    def __init__(self, options):
        self._options, self._lock = options, threading.Lock()
        self.passed = self.failed = self.skipped = 0

    def run(self, row):
        if row.places and not network.is_own():
            return self._skip(row, "no network of its own (unshare and ip, and the right to use them)")
        began = time.monotonic()
        try:
            with ground.Ground(self._options.us, self._options.peer, self._options.quick) as place:
                row.body(place)
            is_ok, seen = place.is_ok and bool(place.seen), "; ".join(place.seen)
        except Exception as error:  # noqa: BLE001  Whatever went wrong, the other rows run.
            is_ok, seen = False, f"{type(error).__name__}: {error}"
            if os.environ.get("ATTACK_TRACE"):
                traceback.print_exc()
        with self._lock:
            self.passed, self.failed = self.passed + is_ok, self.failed + (not is_ok)
            print(f"{'ok  ' if is_ok else 'FAIL'} {row.name}: {seen} [{time.monotonic() - began:.0f} s]", flush=True)

    def _skip(self, row, reason):
        with self._lock:
            if os.environ.get("CI") == "true":
                self.failed += 1
                print(f"FAIL {row.name}: {reason}", flush=True)
            else:
                self.skipped += 1
                print(f"SKIPPED {row.name}: {reason}", flush=True)

    def close(self):
        if self.skipped:
            print(f"SKIPPED {self.skipped} row(s), see above")
        print(f"{self.passed} passed, {self.failed} failed", flush=True)
        sys.stdout.flush()
        # Threads of the hostile node may still wait for what will not come.
        os._exit(1 if self.failed or not self.passed else 0)


def chosen(options):
    rows = ground.ROWS
    if options.self_test:
        return [row for row in rows if row.name == "self-test"]
    if options.only:
        names = options.only.split(",")
        unknown = set(names) - {row.name for row in rows}
        if unknown:
            sys.exit(f"no such row: {', '.join(sorted(unknown))}")
        return [row for row in rows if row.name in names]
    return [row for row in rows if row.quick or not options.quick]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--us", help="the causeway command")
    parser.add_argument("--peer", help="causeway-testpeer")
    parser.add_argument("--only", help="names of rows, with commas between them")
    parser.add_argument("--quick", action="store_true", help="smaller attacks, three minutes in all")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--self-test", action="store_true", help="whether the hostile node itself speaks libp2p")
    options = parser.parse_args()
    rows = chosen(options)
    if options.list:
        for row in rows:
            print(f"{row.name:36}{(row.body.__doc__ or '').splitlines()[0]}")
        return
    if not options.us or not options.peer:
        parser.error("--us and --peer are needed")
    network.enter()
    if network.is_own():
        network.prepare()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65536), hard))
    table = Table(options)
    with concurrent.futures.ThreadPoolExecutor(16) as beside:
        waiting = [beside.submit(table.run, row) for row in rows if row.waits]
        for row in rows:
            if not row.waits:
                table.run(row)
        concurrent.futures.wait(waiting)
    table.close()


if __name__ == "__main__":
    main()
